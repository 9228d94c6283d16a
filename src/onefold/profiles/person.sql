-- whole_person: who an identifier is, with everything the API may ask for, in one row (primary keys, index on comp)
select n.h, n.ns, n.val, n.fl, n.prof, p.id, p.name, p.email, p.phone, p.is_known,
       p.first_seen, greatest(p.first_seen, p.last_seen),
       case when %(with_traits)s then p.traits::text end,
       m.identifiers, m.fragments,
       case when %(with_companies)s then (
           select json_agg(json_build_array(c.space, c.key, c.name, c.traits, c.last) order by c.last desc, c.h)::text
           from (
               select c.h, c.space, c.key, c.name, c.traits, max(cm.last_ts) as last
               from company_member cm join company said on said.h = cm.company join company c on c.h = coalesce(said.head, said.h)
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

-- people_of: whose each of these identifiers is today (primary keys)
select n.h, p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, null, null, null
from node n join profile p on p.id = n.prof
where n.h = any(%(identifiers)s)

-- members: identifiers of a profile with their documents (the anchor's component, index on comp)
select m.h, m.ns, m.val, m.rcv, m.fl, m.n, m.first_ts, m.last_ts, m.doc
from node a join node m on m.comp = a.comp and m.prof = a.prof
where a.h = %(id)s
order by m.rcv, m.h

-- fragments: the identifiers of a profile that head events (index on comp), the asked one first
select m.h from node n join node m on m.comp = n.comp and m.prof = n.prof
where n.h = %(h)s and m.prof = %(profile)s and m.n > 0
order by m.h <> %(h)s, m.n desc
limit %(limit)s

-- rules: link decisions about these identifiers that were received by a moment, of each pair the latest unless it is withdrawn (index on a; on b)
select r.kind, r.ts, r.a, r.b, na.ns, na.val, nb.ns, nb.val
from (
    select distinct on (a, b) * from (
        select * from link_rule where a = any(%(members)s::bigint[]) and received_at <= %(until)s
        union
        select * from link_rule where b = any(%(members)s::bigint[]) and received_at <= %(until)s
    ) r
    order by a, b, ts desc, event desc
) r
join node na on na.h = r.a
join node nb on nb.h = r.b
where r.kind <> 3
order by r.ts desc, r.a, r.b
limit %(limit)s

-- moves: which of these identifiers changed their profile, the latest first (index on h)
select m.at, m.h, m.from_prof, m.to_prof, m.cause
from identity_move m where m.h = any(%(members)s::bigint[]) and m.at <= %(until)s
order by m.seq desc
limit %(limit)s
