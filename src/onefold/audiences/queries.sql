-- audiences: all but those taken away, with their members
select a.id, a.name, a.description, a.state, a.version, a.live_version, v.rule::text, v.purpose, a.created_at, a.created_by,
    v.created_at, v.created_by, a.fault, a.retry_at, m.n, c.entered, c.gone, a.is_of_companies
from audience a join audience_version v on v.audience = a.id and v.version = a.version
left join lateral (select count(*) as n from membership where audience = a.id) m on true
left join lateral (
    select count(*) filter (where kind = 1) as entered, count(*) filter (where kind = 2) as gone
    from membership_change where audience = a.id and at > now() - interval '7 days'
) c on true
where a.trashed_at is null and (%(id)s::integer is null or a.id = %(id)s)
order by lower(a.name), a.id

-- trashed: those taken away, the latest first
select id, name, trashed_at from audience where trashed_at is not null order by trashed_at desc limit 100

-- versions: every rule that it had, the newest first
select version, rule::text, purpose, created_at, created_by from audience_version where audience = %(id)s order by version desc

-- members: of a page, by id (primary key)
select m.profile, m.since, p.name, p.email, p.phone, greatest(p.first_seen, p.last_seen) from membership m left join profile p on p.id = m.profile
where m.audience = %(id)s and m.profile > %(after)s order by m.profile limit %(limit)s

-- changes: who entered and left, the newest first (index on audience, position)
select c.position, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, p.name, p.email
from membership_change c left join profile p on p.id = c.profile
where c.audience = %(id)s and c.position < %(before)s and (%(kinds)s::smallint[] is null or c.kind = any(%(kinds)s))
order by c.position desc limit %(limit)s

-- changes_after: the same in their order, for who follows them
select c.position, c.audience, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, coalesce(a.is_of_companies, false),
    o.space || ':' || o.key
from membership_change c left join audience a on a.id = c.audience left join company o on a.is_of_companies and o.h = c.profile
where c.position > %(after)s and c.profile <> 0 and (%(id)s::integer is null or c.audience = %(id)s) order by c.position limit %(limit)s

-- of_person: which audiences somebody is in, and since when (index on profile)
select a.id, a.name, m.since from membership m join audience a on a.id = m.audience and not a.is_of_companies
where m.profile = %(profile)s order by lower(a.name)

-- trend: members by day over the last days: those of today, without what changed since
with days as (
    select generate_series(date_trunc('day', now() at time zone 'UTC') - make_interval(days => %(days)s - 1),
        date_trunc('day', now() at time zone 'UTC'), interval '1 day') as day
), moves as (
    select date_trunc('day', at at time zone 'UTC') as day,
        sum(case when kind in (1, 3) then 1 else -1 end) as net
    from membership_change where audience = %(id)s and at > now() - make_interval(days => %(days)s) group by 1
), total as (select count(*) as n from membership where audience = %(id)s)
select d.day::date, total.n - coalesce((select sum(net) from moves where moves.day > d.day), 0)
from days d cross join total order by d.day

-- trends: of some audiences, by day of UTC over the last days, how many more were in than on the day before
select audience, (at at time zone 'UTC')::date, sum(case when kind in (1, 3) then 1 else -1 end)
from membership_change
where audience = any(%(ids)s) and at >= (date_trunc('day', now() at time zone 'UTC') - make_interval(days => %(days)s - 1)) at time zone 'UTC'
group by 1, 2

-- named: audiences whose name has a text, those that begin with it first
select id, name from audience where trashed_at is null and strpos(lower(name), lower(%(text)s)) > 0
order by strpos(lower(name), lower(%(text)s)) > 1, lower(name) limit %(limit)s

-- names: of all audiences that there are
select id, name from audience where trashed_at is null

-- purposes: what an audience may be for, in the order of their page
select slug, name from purpose order by position, slug

-- event_names: of some events that PostgreSQL still has, by id (index on id)
select distinct on (id) id, kind, name from event where id = any(%(ids)s) and fragment not in (select fragment from withheld)

-- progress: of an audience that is being filled: people yet to be looked at
select count(*) from (select from profile_due where due_at <= (select checked_at from audience where id = %(id)s) limit 1000000) waiting

-- reach: of some people how many can be reached by what
select count(*) filter (where email <> ''), count(*) filter (where phone <> ''), count(*) from profile where id = any(%(ids)b)

-- sample: some people, to be shown
select id, name, email, greatest(first_seen, last_seen) from profile where id = any(%(ids)b)

-- lists: uploaded lists
select l.id, l.name, l.created_at, l.created_by, (select count(*) from audience_list_entry e where e.list = l.id)
from audience_list l order by lower(l.name), l.id

-- list_names: what uploaded lists are called
select id, name from audience_list order by lower(name), id

-- known_of: of some identifiers by hash, how many somebody has, and how many people that is
select count(*), count(distinct n.prof) from node n where n.h = any(%(hashes)b)

-- list_people: how many people an uploaded list names (primary keys)
select e.list, count(distinct n.prof) from audience_list_entry e join node n on n.h = e.h group by e.list

-- computed: computed traits, and whether older events are in
select c.name, c.definition::text, c.created_at, c.created_by from computed_trait c order by lower(c.name)

-- metric_numbers: of what is kept, by key
select key, number from metric

-- metric_states: by key
select key, state from metric where key = any(%(keys)s::text[])

-- people_then: how many had been seen by a moment (index on first_seen)
select count(*) from profile where first_seen <= %(at)s

-- ids_then: those of them of one of the lake's buckets, or all (index on first_seen)
select id from profile where first_seen <= %(at)s
    and (%(bucket)s::integer is null or (id %% %(buckets)s + %(buckets)s) %% %(buckets)s = %(bucket)s)
order by id limit %(limit)s

-- identifiers_of: of some people (index on comp)
select a.h, m.h, m.ns, m.val, m.rcv from node a join node m on m.comp = a.comp and m.prof = a.prof where a.h = any(%(ids)b)
