-- in_force: of each pair the latest decision, unless it is withdrawn, the newest first (a scan of link_rule: decisions of people)
select r.kind, r.ts, r.event, na.ns, na.val, nb.ns, nb.val
from (select distinct on (a, b) * from link_rule order by a, b, ts desc, event desc) r
join node na on na.h = r.a
join node nb on nb.h = r.b
where r.kind <> 3 and (r.ts, r.event) < (%(before_ts)s, %(before_event)s)
order by r.ts desc, r.event desc
limit %(limit)s
