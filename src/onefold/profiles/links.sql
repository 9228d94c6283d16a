-- in_force: of each pair the latest decision, unless it is withdrawn, the newest first (a scan of link_rule: decisions of people)
select r.kind, r.ts, r.event, na.ns, na.val, nb.ns, nb.val
from (select distinct on (a, b) * from link_rule order by a, b, ts desc, event desc) r
join node na on na.h = r.a
join node nb on nb.h = r.b
where r.kind <> 3 and (r.ts, r.event) < (%(before_ts)s, %(before_event)s)
order by r.ts desc, r.event desc
limit %(limit)s

-- before: the pair of a decision, what was decided about it before, and the latest decision (primary key, index on a)
select na.ns, na.val, nb.ns, nb.val, (
    select p.kind from link_rule p
    where p.a = r.a and p.b = r.b and (p.ts, p.event) < (r.ts, r.event)
    order by p.ts desc, p.event desc
    limit 1
), (
    select p.event from link_rule p where p.a = r.a and p.b = r.b order by p.ts desc, p.event desc limit 1
)
from link_rule r join node na on na.h = r.a join node nb on nb.h = r.b
where r.event = %(event)s
order by r.received_at
limit 1
