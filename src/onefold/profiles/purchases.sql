-- orders: the newest orders and refunds of these fragments since a moment (index on fragment, ts)
select e.id, e.ts, e.name, e.body
from unnest(%(fragments)s::bigint[]) f(fragment) join event e on e.fragment = f.fragment
where e.ts >= %(since)s and lower(replace(e.name, '_', ' ')) = any(%(names)s)
order by e.ts desc, e.id desc
limit %(limit)s

-- fragments_of_people: identifiers of people that head events (index on comp)
select m.h from unnest(%(people)s::bigint[]) p(h) join node a on a.h = p.h join node m on m.comp = a.comp and m.prof = a.prof
where m.n > 0 limit %(limit)s
