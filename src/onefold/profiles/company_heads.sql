-- related: of these companies those with a merge, and what they were merged into (primary key, index on merged_into)
select h, merged_into from company where h = any(%(hashes)b) and merged_into is not null
union all select merged_into, null from company where merged_into = any(%(hashes)b)

-- families: everything that these are merged with, whichever way (primary key, index on merged_into)
with recursive family (h) as (
    select unnest(%(hashes)b)
    union
    select beside.h from family f cross join lateral (
        select c.merged_into as h from company c where c.h = f.h and c.merged_into is not null
        union all select c.h from company c where c.merged_into = f.h
    ) beside
)
select c.h, c.merged_into, c.doc, c.head from family join company c using (h) order by c.h

-- write_heads: where they lead, and what is said of them together
update company c set head = v.head, name = v.name, traits = v.traits::jsonb, apart = v.apart::bigint[]
from unnest(%(h)b, %(head)b, %(name)b, %(traits)b, %(apart)b) v(h, head, name, traits, apart)
where c.h = v.h and (c.head, c.name, c.traits, c.apart) is distinct from (v.head, v.name, v.traits::jsonb, v.apart::bigint[])

-- move_people: whoever was seen in one of these, to the company where they were seen last (indexes on company, fragment)
update profile p set company = found.company
from (
    select distinct on (n.prof) n.prof, coalesce(c.head, m.company) as company
    from node n join company_member m on m.fragment = n.h left join company c on c.h = m.company
    where n.prof in (
        select o.prof from company_member g join node o on o.h = g.fragment where g.company = any(%(companies)b)
    )
    order by n.prof, m.last_ts desc, coalesce(c.head, m.company) desc
) found
where p.id = found.prof and p.company is distinct from found.company
returning p.id
