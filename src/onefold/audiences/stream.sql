-- epoch: what the processor must have loaded
select epoch from audience_epoch

-- raise_epoch: something changed of what people are held against; whoever fills audiences may go on
with raised as (update audience_epoch set epoch = nextval('audience_epoch_seq') returning epoch)
select epoch, pg_notify('onefold_audiences', '') from raised

-- wake_processor: it need not wait for its poll, nor for its next sweep
select pg_notify('onefold_log', %(what)s)

-- tell_filling: nobody is left to look at
select pg_notify('onefold_audiences', '')

-- live_rules: against which people are held
select a.id, v.version, v.rule::text, v.purpose, a.state, (extract(epoch from a.begun_at) * 1000000)::bigint
from audience a join audience_version v on v.audience = a.id and v.version = a.live_version
where a.trashed_at is null and a.state <> 'paused' and not a.is_of_companies order by a.id

-- note_unasked: live audiences whose rule can't be asked say why; what was said before of others is over
with told as (select * from unnest(%(ids)b, %(faults)b) v(id, fault))
update audience a set fault = coalesce(told.fault, ''), is_unasked = told.id is not null
from audience one left join told on told.id = one.id
where a.id = one.id and (told.id is not null or one.is_unasked)
    and (one.is_unasked is distinct from (told.id is not null) or one.fault is distinct from coalesce(told.fault, ''))

-- paused: whose members stay as they are
select id from audience where state = 'paused' and trashed_at is null and not is_of_companies

-- all_rules: the latest of every audience of people, for those that refer to it
select a.id, v.rule::text, v.purpose from audience a join audience_version v on v.audience = a.id and v.version = coalesce(a.live_version, a.version)
where a.trashed_at is null and not a.is_of_companies

-- all_company_rules: the same of companies
select a.id, v.rule::text from audience a join audience_version v on v.audience = a.id and v.version = coalesce(a.live_version, a.version)
where a.trashed_at is null and a.is_of_companies

-- computed: computed traits
select name, definition::text from computed_trait

-- purposes: what may be asked for
select slug from purpose

-- lists: uploaded lists
select id from audience_list

-- thresholds: what the first of a share of people begins at
select key, value from audience_threshold

-- adopt: from here on new metrics are folded; called by who holds the log
update metric set since = coalesce(pg_sequence_last_value('event_position'), 0), state = 'folding' where since is null returning number

-- metrics: what is kept of events, or will be once the processor has seen it
select number, key, state = 'complete', since is not null from metric

-- drop_metrics: what is read off wider ones
delete from metric where number = any(%(numbers)b)

-- load_states: (primary keys)
select s.id, s.doc, s.consents, m.audiences, s.due, s.answers
from profile_state s left join member_of m on m.profile = s.id where s.id = any(%(ids)b)

-- load_people: who they are, and where they belong; times in µs (primary keys)
select p.id, p.name, p.email, p.phone, p.is_known, (extract(epoch from p.first_seen) * 1000000)::bigint,
    (extract(epoch from greatest(p.first_seen, p.last_seen)) * 1000000)::bigint, p.traits::text,
    c.name, c.key, (extract(epoch from c.first_seen) * 1000000)::bigint, (extract(epoch from c.last_seen) * 1000000)::bigint, c.traits::text
from profile p left join company c on c.h = p.company where p.id = any(%(ids)b)

-- load_lists: on which uploaded lists an identifier of theirs stands
select a.h, e.list from node a join node m on m.comp = a.comp and m.prof = a.prof join audience_list_entry e on e.h = m.h
where a.h = any(%(ids)b)

-- write_states: whole rows
insert into profile_state (id, doc, consents, due, answers)
select id, nullif(doc, ''), nullif(consents, ''), due, nullif(answers, '')
from unnest(%(id)b, %(doc)b, %(consents)b, %(due)b, %(answers)b) v(id, doc, consents, due, answers)
on conflict (id) do update set doc = excluded.doc, consents = excluded.consents, due = excluded.due, answers = excluded.answers

-- delete_states: of whom nothing is kept any more
delete from profile_state where id = any(%(ids)b)

-- write_due: when to look at somebody again; an earlier date stays
insert into profile_due (id, due_at) select * from unnest(%(id)b, %(due_at)b) v(id, due_at) order by id
on conflict (id) do update set due_at = excluded.due_at where profile_due.due_at > excluded.due_at

-- forget_due: those who are nobody any more (primary key)
delete from profile_due where id = any(%(ids)b)

-- take_due: those whose time has come, taken off the list (index on due_at, then by place: see take_fills)
delete from profile_due where ctid = any(array(
    select ctid from profile_due where due_at <= %(now)s order by due_at limit %(limit)s for update skip locked
)) returning id

-- look_at: those that one of the next four queries names, as soon as may be; an earlier date stays
insert into profile_due (id, due_at) select distinct id, coalesce(%(at)s, now()) from ({whom}) whom(id) order by id
on conflict (id) do update set due_at = excluded.due_at where profile_due.due_at > excluded.due_at

-- profiles: these themselves
select unnest(%(ids)b)

-- fragments: whose they are (primary key)
select prof from node where h = any(%(ids)b)

-- members: who is in these audiences (a scan)
select m.profile from member_of m where exists (select from unnest(%(ids)b) a(id) where is_in(m.audiences, a.id::integer))

-- people: everybody who belongs to these companies (index on company)
select id from profile where company = any(%(ids)b)

-- write_members: of somebody the audiences, instead of those of before (primary key)
insert into member_of (profile, audiences) select * from unnest(%(profile)b, %(audiences)b) v(profile, audiences)
on conflict (profile) do update set audiences = excluded.audiences

-- delete_members: who is in none any more (primary key)
delete from member_of where profile = any(%(profiles)b)

-- move: who entered and left. Whoever moved keeps since when they are in (index on profile)
insert into membership_move (profile, at, other, event, cause, audiences, kinds, versions, sinces)
select m.profile, %(at)s, m.other, m.event, m.cause, m.audiences, m.kinds, m.versions, case when m.kinds[1] = 3 then (
    select array_agg(coalesce((
        select coalesce(c.since, c.at) from membership_change c
        where c.profile = m.other and c.audience = one.audience and c.kind in (1, 3) order by c.position desc limit 1
    ), %(at)s) order by one.place) from unnest(m.audiences) with ordinality one(audience, place)
) end
from (
    select v.profile, v.cause, v.event, v.other, (%(audiences)b)[v.first:v.last] as audiences,
        (%(kinds)b)[v.first:v.last] as kinds, (%(versions)b)[v.first:v.last] as versions
    from unnest(%(profile)b, %(cause)b, %(event)b, %(other)b, %(first)b, %(last)b) v(profile, cause, event, other, first, last)
) m

-- list_moves: the last ones by audience, and what they make of the day's counts (primary keys). A clock that was put back
-- counts for the day that it had come to
with listed as (
    insert into audience_move (audience, kind, first, positions)
    select one.audience, one.kind, min(last.position), array_agg(last.position order by last.position)
    from (select position, audiences, kinds from membership_move order by position desc limit %(n)s) last
    cross join lateral unnest(last.audiences, last.kinds) one(audience, kind) group by one.audience, one.kind
    returning audience, kind, cardinality(positions) as n
), counted as (
    select audience, coalesce(sum(n) filter (where kind = 1), 0) as entered, coalesce(sum(n) filter (where kind = 2), 0) as gone,
        sum(case when kind in (1, 3) then n else -n end) as net
    from listed group by audience
)
insert into audience_day (audience, day, entered, gone, members)
select c.audience, greatest((%(at)s at time zone 'UTC')::date, latest.day), c.entered, c.gone, coalesce(latest.members, 0) + c.net
from counted c left join lateral (
    select day, members from audience_day d where d.audience = c.audience order by day desc limit 1
) latest on true
on conflict (audience, day) do update
set entered = audience_day.entered + excluded.entered, gone = audience_day.gone + excluded.gone, members = excluded.members

-- take_fills: buckets of before that wait, of metrics that are wholly read. In the order of the primary key, and by place:
-- the plan is made when the table is empty, and a join of it with itself was gone through row by row
delete from metric_fill where ctid = any(array(
    select f.ctid from metric_fill f
    where f.metric = any(array(select number from metric where state = 'staged'))
    order by f.fragment, f.metric limit %(limit)s for update skip locked
))
returning fragment, metric, buckets

-- refolded: of which fragments newer buckets are there already
select fragment, metric from metric_refolded where fragment = any(%(fragments)b)

-- complete: metrics of which nothing waits any more
update metric m set state = 'complete' where state = 'staged' and not exists (select from metric_fill where metric = m.number)
returning number

-- forget_refolded: nobody needs to know any more
delete from metric_refolded r using metric m where m.number = r.metric and m.state = 'complete'

-- note_refolded: fragments that were folded anew from all their events
insert into metric_refolded (fragment, metric)
select f.fragment, m.number from unnest(%(fragments)b) f(fragment) cross join metric m where m.state in ('folding', 'staged')
on conflict do nothing

-- drop_fills: what waits of these fragments is old
delete from metric_fill where fragment = any(%(fragments)b)

-- profiles_of: whose these fragments are (primary key)
select h, prof from node where h = any(%(fragments)b)

-- tell_lake: its row of these people is old
insert into lake_touched (profile) select unnest(%(ids)b)
