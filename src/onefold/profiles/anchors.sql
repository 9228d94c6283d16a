-- anchors: of whom each of these leads to, the strongest identifier, mute ones last (primary key, index on comp)
select distinct on (n.h) n.h, m.h
from unnest(%(hashes)s::bigint[]) asked(h)
join node n on n.h = asked.h
join node m on m.comp = n.comp and m.prof = n.prof
left join unnest(%(codes)s::int[], %(ranks)s::int[]) named(code, rank) on named.code = m.ns
order by n.h, m.fl & %(mute)s <> 0, coalesce(named.rank, 1000000), m.h

-- identifiers: namespaces and values (primary key)
select h, ns, val from node where h = any(%(hashes)s)

-- people: whose each of these is today (primary keys)
select n.h, p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key, null
from node n join profile p on p.id = n.prof left join company c on c.h = p.company
where n.h = any(%(hashes)s)

-- all_of: the identifiers of a person (index on comp)
select m.h from node a join node m on m.comp = a.comp and m.prof = a.prof where a.h = %(id)s
