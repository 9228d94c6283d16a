-- to_stage: metrics that are folded from a position on, of which older events are missing
select number, key, since from metric where state = 'folding' and (retry_at is null or retry_at <= now()) order by number

-- clear_fill: what an earlier try left
delete from metric_fill where metric = %(metric)s

-- stage: what older events say; many fragments at a time
insert into metric_fill (metric, fragment, buckets) select %(metric)s, * from unnest(%(fragment)b, %(buckets)b)
on conflict do nothing

-- staged: all of it is here
update metric set state = 'staged', fault = '', faults = 0, retry_at = null where number = %(metric)s and state = 'folding'

-- changing: audiences whose latest rule isn't in force, or not everybody was looked at; what failed lately has to wait
select a.id, a.version, a.live_version, v.rule::text, v.purpose, a.checked_at, a.is_of_companies
from audience a join audience_version v on v.audience = a.id and v.version = a.version
where a.state = 'filling' and a.trashed_at is null and (a.retry_at is null or a.retry_at <= now()) order by a.id

-- is_filling: whether an audience that was started or changed isn't live yet
select exists (select from audience where state = 'filling' and trashed_at is null)

-- waits_for: of the audiences that a rule asks one that isn't in force yet
select id from audience where id = any(%(ids)s) and live_version is null limit 1

-- note_checked: everybody whom it may concern is on the list
update audience set checked_at = %(at)s, fault = '', faults = 0, retry_at = null where id = %(id)s and live_version = %(version)s

-- is_anybody_left: whether somebody wasn't looked at (index on due_at)
select exists (select from profile_due where due_at <= %(at)s)

-- go_live: everybody was
update audience set state = 'live' where id = %(id)s and state = 'filling' and version = %(version)s and live_version = version

-- note_fault: why it doesn't go on; it is tried again after 10 seconds, each time after twice as long, an hour at most
update audience set fault = %(fault)s, faults = faults + 1, retry_at = now() + least(interval '10 s' * 2 ^ least(faults, 9), interval '1 hour')
where id = %(id)s

-- note_metric_fault: the same, of what an audience needs
update metric set fault = %(fault)s, faults = faults + 1, retry_at = now() + least(interval '10 s' * 2 ^ least(faults, 9), interval '1 hour')
where number = %(number)s

-- show_metric_fault: an audience that waits for it tells so, and when that is tried again; whether there is one
update audience a set fault = m.fault, faults = m.faults, retry_at = m.retry_at
from (select fault, faults, retry_at from metric where key = any(%(keys)s::text[]) and fault <> '' order by retry_at limit 1) m
where a.id = %(id)s returning a.id

-- goes_on: what was wrong is over
update audience set fault = '', faults = 0, retry_at = null where id = %(id)s and faults > 0

-- save_threshold: what the first of a share of people begins at
insert into audience_threshold (key, value) values (%(key)s, %(value)s)
on conflict (key) do update set value = excluded.value, set_at = now()

-- thresholds: as they are, with their age
select key, value, set_at < now() - interval '10 minutes' from audience_threshold

-- list_members: the people of an uploaded list (primary keys)
select distinct n.prof as profile_id from audience_list_entry e join node n on n.h = e.h where e.list = {list}

-- has_work: whether there is something to fill, or to find anew
select exists (select from metric where state in ('new', 'folding', 'staged') and (retry_at is null or retry_at <= now()))
    or exists (select from audience where state = 'filling' and trashed_at is null and (retry_at is null or retry_at <= now()))
    or exists (select from consent_moved)
    or exists (select from audience_threshold where set_at < now() - interval '10 minutes')

-- look_again: the rule is the same, and what it asks for moved
update audience set state = 'filling', checked_at = null where id = %(id)s and state = 'live'

-- moved_meanings: names in the ledger that mean something else now
select name, moved_at from consent_moved

-- said: fragments that said it, from one on (index on purpose)
select distinct fragment from consent where purpose = %(name)s and fragment > %(after)s order by fragment limit %(limit)s

-- meaning_followed: unless it changed again
delete from consent_moved where name = %(name)s and moved_at = %(moved_at)s
