-- write: what events say of consent; rows only widen
insert into consent (fragment, purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details)
select * from unnest(%(fragment)b, %(purpose)b, %(origin)b, %(source_id)b, %(is_granted)b::boolean[], %(statement)b, %(first_ts)b, %(ts)b,
    %(received_at)b, %(event)b, %(details)b)
on conflict (fragment, purpose, origin, source_id, is_granted, statement) do update set
    first_ts = least(consent.first_ts, excluded.first_ts),
    ts = case when (excluded.ts, excluded.received_at, excluded.event) > (consent.ts, consent.received_at, consent.event) then excluded.ts else consent.ts end,
    received_at = case when (excluded.ts, excluded.received_at, excluded.event) > (consent.ts, consent.received_at, consent.event)
        then excluded.received_at else consent.received_at end,
    event = case when (excluded.ts, excluded.received_at, excluded.event) > (consent.ts, consent.received_at, consent.event) then excluded.event else consent.event end,
    details = case when (excluded.ts, excluded.received_at, excluded.event) > (consent.ts, consent.received_at, consent.event) then excluded.details else consent.details end
where excluded.first_ts < consent.first_ts
   or (excluded.ts, excluded.received_at, excluded.event) > (consent.ts, consent.received_at, consent.event)

-- forget: everything that these fragments say (primary key)
delete from consent where fragment = any(%(fragments)b)

-- delete: single rows (primary key)
delete from consent c using unnest(%(fragment)b, %(purpose)b, %(origin)b, %(source_id)b, %(is_granted)b::boolean[], %(statement)b)
    gone(fragment, purpose, origin, source_id, is_granted, statement)
where (c.fragment, c.purpose, c.origin, c.source_id, c.is_granted, c.statement)
    = (gone.fragment, gone.purpose, gone.origin, gone.source_id, gone.is_granted, gone.statement)

-- deciding: of a person's fragments what may count, of each purpose and answer the latest of its origin (primary key of consent)
select distinct on (c.purpose, c.origin, c.is_granted)
    c.purpose, c.origin, c.source_id, c.is_granted, c.statement, c.first_ts, c.ts, c.received_at, c.event, c.details
from node a join node m on m.comp = a.comp and m.prof = a.prof join consent c on c.fragment = m.h
where a.h = %(id)s
order by c.purpose, c.origin, c.is_granted, c.ts desc, c.received_at desc, c.event desc

-- in_force: of several people what they allow and deny today, as `consent.in_force` says it (as `deciding`, for each)
select distinct on (id, purpose) id, purpose, is_granted from (
    select a.h as id, case when k.name is null then c.purpose else k.purpose end as purpose, c.is_granted, c.ts, c.received_at, c.event,
        c.origin, bool_or(c.origin = 1) over (partition by a.h, case when k.name is null then c.purpose else k.purpose end) as is_stated
    from node a join node m on m.comp = a.comp and m.prof = a.prof join consent c on c.fragment = m.h
    left join consent_category k on k.name = c.purpose and not exists (select from purpose where slug = k.name)
    where a.h = any(%(ids)b)
) said
where purpose is not null and not (origin = 2 and is_granted and is_stated)
order by id, purpose, ts desc, is_granted, received_at desc, event desc

-- said_by: of several people what they had begun to say by a moment (µs)
select a.h, c.purpose, c.origin, c.source_id, c.is_granted, c.statement, c.first_ts, c.ts, c.received_at, c.event, ''
from node a join node m on m.comp = a.comp and m.prof = a.prof join consent c on c.fragment = m.h
where a.h = any(%(ids)b) and c.first_ts <= %(at)s

-- entries: a person's ledger, the latest first, from a place on
select c.purpose, c.origin, c.source_id, c.is_granted, c.statement, c.first_ts, c.ts, c.received_at, c.event, c.details
from node a join node m on m.comp = a.comp and m.prof = a.prof join consent c on c.fragment = m.h
where a.h = %(id)s
order by c.ts desc, c.received_at desc, c.event desc, c.purpose, c.origin, c.is_granted, c.source_id
limit %(limit)s offset %(offset)s

-- may: of several people those whose entries of one purpose, under any of its names, decide
select a.h, c.purpose, c.origin, c.source_id, c.is_granted, c.statement, c.first_ts, c.ts, c.received_at, c.event, c.details
from node a join node m on m.comp = a.comp and m.prof = a.prof
cross join lateral (
    select distinct on (purpose, origin, is_granted) * from consent
    where fragment = m.h and purpose = any(%(names)s)
    order by purpose, origin, is_granted, ts desc, received_at desc, event desc
) c
where a.h = any(%(ids)s::bigint[])

-- purposes: what may be asked for, in the order of the page
select slug, name, description, is_built_in from purpose order by position, slug

-- save_purpose: a new purpose comes last
insert into purpose (slug, name, description, position)
select %(slug)s, %(name)s, %(description)s, coalesce(max(position), 0) + 1 from purpose
on conflict (slug) do update set name = excluded.name, description = excluded.description

-- remove_purpose: a built-in one stays
delete from purpose where slug = %(slug)s and not is_built_in returning slug

-- meanings: what categories of consent banners mean
select name, purpose from consent_category c where not exists (select from purpose where slug = c.name)

-- said: names that were ever said, with how many entries, counted to a bound (index on purpose, from one to the next)
with recursive names as (
    (select purpose, 1 as n from consent order by purpose limit 1)
    union all
    select next.purpose, names.n + 1 from names cross join lateral (
        select purpose from consent where purpose > names.purpose order by purpose limit 1
    ) next where names.n < %(most)s
)
select purpose, (select count(*) from (select from consent c where c.purpose = names.purpose limit %(bound)s) counted)
from names order by purpose

-- save_category: what it means here
insert into consent_category (name, purpose) values (%(name)s, %(purpose)s)
on conflict (name) do update set purpose = excluded.purpose

-- forget_meaning: a purpose is gone, so its categories are not known
delete from consent_category where purpose = %(slug)s

-- remove_category: it means nothing any more
delete from consent_category where name = %(name)s returning name

-- is_statement: whether this is a consent event of Onefold's own (index on id)
select 1 from event where id = %(event)s and source_id = 1 and kind = 2 and name = 'Consent Updated' limit 1

-- note_moved: what this name means is another thing now; those who said it are looked at by `audiences/filling.py`
insert into consent_moved (name) values (%(name)s) on conflict (name) do update set moved_at = now()
