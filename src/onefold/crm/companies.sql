-- children: companies that call this one their parent (index company_parent); a key alone means the same space
select c.space, c.key, c.name from (
    select distinct found.h from unnest(%(spaces)s::text[], %(keys)s::text[]) called(space, key)
    cross join lateral (
        select c.h from company c
        where c.traits ? 'parent' and c.head is null
            and left(c.traits ->> 'parent', 500) = any(array[left(called.space || ':' || called.key, 500), left(called.key, 500)])
            and (c.space = called.space or c.traits ->> 'parent' = called.space || ':' || called.key)
        limit %(most)s
    ) found
) child join company c using (h)
order by lower(c.name), c.h limit %(most)s

-- trait_names: what is said of the companies heard of last, by how many (index company_by_seen)
select key, (array_agg(kind order by n desc))[1] from (
    select key, jsonb_typeof(value) as kind, count(*) as n
    from (select traits from company order by last_seen desc, h desc limit %(sample)s) sample, jsonb_each(traits)
    where length(key) <= 100
    group by 1, 2
) names
group by key order by sum(n) desc, key limit %(most)s

-- trait_values: what several of the companies heard of last have in a trait
select traits ->> %(trait)s::text as value, count(*)
from (select traits from company order by last_seen desc, h desc limit %(sample)s) sample
where jsonb_typeof(traits -> %(trait)s::text) in ('string', 'number')
    and length(traits ->> %(trait)s::text) between 1 and 60
group by 1 having count(*) > 1 order by count(*) desc, value limit %(most)s

-- people: how many were seen in these companies, of up to so many memberships each (primary keys)
select c.h, (
    select count(distinct p.id) from (
        select fragment from company_member
        where company = any(array(select c.h union all select m.h from company m where m.head = c.h)) limit %(most)s
    ) cm
    join node n on n.h = cm.fragment join profile p on p.id = n.prof
)
from unnest(%(hashes)s::bigint[]) c(h)

-- at_domain: companies with this domain (index company_domain)
select h from company c where c.traits ? 'domain' and {domain} = %(domain)s order by h limit %(most)s

-- like_name: companies whose name shares enough with this one (trigram index), the most alike first
select h, name, similarity(lower(left(name, 200)), %(name)s) as alike from company
where head is null and %(name)s <%% lower(name || ' ' || key) and name <> ''
order by alike desc, h limit %(most)s

