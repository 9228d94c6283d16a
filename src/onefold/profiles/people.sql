-- trait_names: names of traits among the known people seen last, each with its most frequent type (index on is_known, last_seen)
select name, sum(n)::bigint as people, (array_agg(kind order by n desc))[1], (array_agg(example order by n desc))[1]
from (
    select key as name, jsonb_typeof(value) as kind, count(*) as n, left(min(value #>> '{}'), 20) as example
    from (select traits from profile where is_known order by last_seen desc, id desc limit %(sample)s) sample,
        jsonb_each(traits)
    where length(key) <= 100 and key not in ('name', 'email', 'phone')
    group by 1, 2
) names
group by name
order by people desc, name
limit %(limit)s

-- trait_values: values that several of the known people seen last have in a trait
select value, count(*)
from (
    select case jsonb_typeof(held) when 'array' then item #>> '{}' else held #>> '{}' end as value
    from (
        select traits -> %(trait)s::text as held
        from profile where is_known order by last_seen desc, id desc limit %(sample)s
    ) sample
    left join lateral jsonb_array_elements(case when jsonb_typeof(held) = 'array' then held else '[]' end) item on true
    where jsonb_typeof(held) in ('string', 'number', 'array')
) said
where value <> '' and length(value) <= 60
group by value
having count(*) > 1
order by count(*) desc, value
limit %(limit)s
