-- event_names: what the newest events are called, and how often (index on position)
select kind, name, count(*) from (
    select kind, name from event
    where position > (select last_value from event_position) - %(newest)s and kind in (2, 3, 4)
) newest
where length(name) <= 200
group by 1, 2 order by 3 desc, 2 limit %(limit)s

-- bodies: some of the newest events of a name; of kind and "" as name those of any (index on position)
select body from event
where position > (select last_value from event_position) - %(newest)s and kind = %(kind)s and (%(name)s = '' or name = %(name)s)
limit %(limit)s

-- company_traits: names of companies' traits, each with its most frequent type
select name, sum(n)::bigint as companies, (array_agg(kind order by n desc))[1], (array_agg(example order by n desc))[1]
from (
    select t.key as name, jsonb_typeof(t.value) as kind, count(*) as n, left(min(t.value #>> '{}'), 20) as example
    from (select traits from company limit %(sample)s) sample, jsonb_each(sample.traits) t
    where length(t.key) <= 100
    group by 1, 2
) names
group by name order by companies desc, name limit %(limit)s

-- company_values: what companies have in a trait
select value, count(*) from (
    select sample.traits ->> %(trait)s::text as value from (select traits from company limit %(sample)s) sample
    where jsonb_typeof(sample.traits -> %(trait)s::text) in ('string', 'number')
) said
where value <> '' and length(value) <= 60 group by value order by count(*) desc, value limit %(limit)s

-- texts_of_trait: what some people and companies have in a trait; lists and objects as JSON
(select traits ->> %(trait)s::text from profile where jsonb_typeof(traits -> %(trait)s::text) <> 'null' limit %(sample)s)
union all (select traits ->> %(trait)s::text from company where jsonb_typeof(traits -> %(trait)s::text) <> 'null' limit %(sample)s)

-- companies: names of some companies
select name, n from company where name ilike %(part)s order by n desc limit %(limit)s

-- audiences: what rules can refer to
select a.id, a.name, a.state, a.is_of_companies from audience a where a.trashed_at is null order by lower(a.name), a.id
