-- audiences: all but those taken away, with their members; today and the six days before (primary key of audience_day)
select a.id, a.name, a.description, a.state, a.version, a.live_version, v.rule::text, v.purpose, a.created_at, a.created_by,
    v.created_at, v.created_by, a.fault, a.retry_at, coalesce(m.n, 0), coalesce(c.entered, 0), coalesce(c.gone, 0), a.is_of_companies
from audience a join audience_version v on v.audience = a.id and v.version = a.version
left join lateral (select members as n from audience_day where audience = a.id order by day desc limit 1) m on true
left join lateral (
    select sum(entered) as entered, sum(gone) as gone
    from audience_day where audience = a.id and day > (now() at time zone 'UTC')::date - 7
) c on true
where a.trashed_at is null and (%(id)s::integer is null or a.id = %(id)s)
order by lower(a.name), a.id

-- trashed: those taken away, the latest first
select id, name, trashed_at from audience where trashed_at is not null order by trashed_at desc limit 100

-- versions: every rule that it had, the newest first
select version, rule::text, purpose, created_at, created_by from audience_version where audience = %(id)s order by version desc

-- are_few: whether a scan finds a page of an audience's members sooner than their order, of which a row costs 25 times as much
select coalesce((select members from audience_day where audience = %(id)s order by day desc limit 1), 0) < 25 * %(limit)s

-- members: of a page, by id; in their order (primary key), or by a scan where these are few
select m.profile, m.since, p.name, p.email, p.phone, greatest(p.first_seen, p.last_seen)
from ({page}) page cross join lateral (select profile, since from membership where audience = %(id)s and profile = page.profile) m
left join profile p on p.id = m.profile order by m.profile

-- page: of any audience
select profile from member_of where is_in(audiences, %(id)s) and profile > %(after)s order by profile limit %(limit)s

-- page_of_few: where they are few; `offset 0` keeps the planner from taking them in their order
select profile from (select profile from member_of where is_in(audiences, %(id)s) and profile > %(after)s offset 0) found
order by profile limit %(limit)s

-- newest: where an audience's moves before a position are; the latest of each kind, and of these the latest (primary key)
select one.position from unnest(%(kinds)s::smallint[]) asked(kind) cross join lateral (
    select p.position from audience_move b cross join lateral unnest(b.positions) p(position)
    where b.audience = %(id)s and b.kind = asked.kind and b.first < %(before)s and p.position < %(before)s
    order by b.first desc, p.position desc limit %(limit)s
) one order by one.position desc limit %(limit)s

-- changes: who entered and left, the newest first
with asked as materialized ({newest})
select c.position, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, p.name, p.email
from asked join membership_change c on c.position = asked.position and c.audience = %(id)s left join profile p on p.id = c.profile
order by c.position desc

-- changes_after: the same of all in their order, for who follows them; what is at one position comes together (primary key)
select c.position, c.audience, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, coalesce(a.is_of_companies, false),
    o.space || ':' || o.key
from membership_change c left join audience a on a.id = c.audience left join company o on a.is_of_companies and o.h = c.profile
where c.position > %(after)s and c.profile <> 0 order by c.position fetch first %(limit)s rows with ties

-- changes_of_after: those of one audience; as `changes`, the other way
with asked as materialized (
    select one.position from unnest(%(kinds)s::smallint[]) asked(kind) cross join lateral (
        select p.position from audience_move b cross join lateral unnest(b.positions) p(position)
        where b.audience = %(id)s and b.kind = asked.kind and p.position > %(after)s and b.first >= coalesce((
            select first from audience_move begun where begun.audience = %(id)s and begun.kind = asked.kind and begun.first <= %(after)s
            order by first desc limit 1
        ), %(after)s) and exists (select from membership_move m where m.position = p.position and m.profile <> 0)
        order by b.first, p.position limit %(limit)s
    ) one order by one.position limit %(limit)s
)
select c.position, c.audience, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, coalesce(a.is_of_companies, false),
    o.space || ':' || o.key
from asked join membership_change c on c.position = asked.position and c.audience = %(id)s
left join audience a on a.id = c.audience left join company o on a.is_of_companies and o.h = c.profile
order by c.position

-- of_person: which audiences somebody is in, and since when (primary key, for each audience)
select a.id, a.name, m.since from audience a join membership m on m.audience = a.id and m.profile = %(profile)s
where not a.is_of_companies order by lower(a.name)

-- trends: of some audiences, how many were in at the end of a day of UTC, on which somebody entered or left; of days before
-- %(days)s the latest one (primary key)
select audience, day, members from audience_day where audience = any(%(ids)s) and day > %(today)s::date - %(days)s
union all
select a.id, before.day, before.members from unnest(%(ids)s::integer[]) a(id) cross join lateral (
    select day, members from audience_day where audience = a.id and day <= %(today)s::date - %(days)s order by day desc limit 1
) before order by 1, 2

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

-- everybody: how many people there are (an index alone)
select count(*) from profile

-- people_then: how many had been seen by a moment (index on first_seen)
select count(*) from profile where first_seen <= %(at)s

-- ids_then: those of them of one of the lake's buckets, or all (index on first_seen)
select id from profile where first_seen <= %(at)s
    and (%(bucket)s::integer is null or (id %% %(buckets)s + %(buckets)s) %% %(buckets)s = %(bucket)s)
order by id limit %(limit)s

-- identifiers_of: of some people (index on comp)
select a.h, m.h, m.ns, m.val, m.rcv from node a join node m on m.comp = a.comp and m.prof = a.prof where a.h = any(%(ids)b)
