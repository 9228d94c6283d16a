-- whole_person: who an identifier is, with everything the API may ask for, in one row (primary keys, index on comp)
select n.h, n.ns, n.val, n.fl, n.prof, p.id, p.name, p.email, p.phone, p.is_known,
       p.first_seen, greatest(p.first_seen, p.last_seen),
       case when %(with_traits)s then p.traits::text end,
       m.identifiers, m.fragments,
       case when %(with_companies)s then (
           select json_agg(json_build_array(c.space, c.key, c.name, c.traits, c.last) order by c.last desc, c.h)::text
           from (
               select c.h, c.space, c.key, c.name, c.traits, max(cm.last_ts) as last
               from company_member cm join company c on c.h = cm.company
               where cm.fragment = any(m.fragments)
               group by c.h order by max(cm.last_ts) desc, c.h limit 100
           ) c
       ) end
from node n
left join profile p on p.id = n.prof
cross join lateral (
    select array_agg(m.h) filter (where m.n > 0) as fragments,
           case when %(with_identifiers)s
                then json_agg(json_build_array(m.ns, m.val, m.rcv, json_build_array(m.n, m.first_ts, m.last_ts)) order by m.rcv, m.h)::text
           end as identifiers
    from node m where m.comp = n.comp and m.prof = n.prof
) m
where n.h = %(h)s

-- resolve: the present profile of an identifier, and whether there is one
select n.h, n.ns, n.val, n.fl, n.prof, p.id is not null
from node n left join profile p on p.id = n.prof
where n.h = %(h)s

-- profile: the golden record with its company's name
select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key
from profile p left join company c on c.h = p.company
where p.id = %(id)s

-- members: identifiers of a profile with their documents (the anchor's component, index on comp)
select m.h, m.ns, m.val, m.rcv, m.fl, m.n, m.first_ts, m.last_ts, m.doc
from node a join node m on m.comp = a.comp and m.prof = a.prof
where a.h = %(id)s
order by m.rcv, m.h

-- edges: pairs that were seen together and of which one is a member, those that don't join first
select e.a, e.b, e.first, e.trust, e.ref, na.ns, na.val, na.fl, na.prof, nb.ns, nb.val, nb.fl, nb.prof
from (
    (select * from edge where a = any(%(members)s::bigint[]) limit %(limit)s)
    union
    (select * from edge where b = any(%(members)s::bigint[]) limit %(limit)s)
) e
join node na on na.h = e.a
join node nb on nb.h = e.b
order by (na.prof = nb.prof), e.first, e.a, e.b
limit %(limit)s

-- rules: link decisions about these identifiers, of each pair the latest (index on a; on b)
select distinct on (r.a, r.b) r.kind, r.ts, na.ns, na.val, nb.ns, nb.val
from (
    select * from link_rule where a = any(%(members)s::bigint[])
    union
    select * from link_rule where b = any(%(members)s::bigint[])
) r
join node na on na.h = r.a
join node nb on nb.h = r.b
order by r.a, r.b, r.ts desc, r.event desc
limit %(limit)s

-- moves: which of these identifiers changed their profile, the latest first (index on h)
select m.at, m.h, m.from_prof, m.to_prof, m.cause
from identity_move m where m.h = any(%(members)s::bigint[]) and m.at <= %(until)s
order by m.seq desc
limit %(limit)s
