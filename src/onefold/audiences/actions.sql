-- insert_audience: a draft
insert into audience (name, description, state, created_by, is_of_companies, watches_companies)
values (%(name)s, %(description)s, 'draft', %(user)s, %(is_of_companies)s, %(is_of_companies)s) returning id

-- insert_version: its rule from now on
insert into audience_version (audience, version, rule, purpose, created_by)
values (%(id)s, %(version)s, %(rule)s::jsonb, %(purpose)s, %(user)s)

-- watch_companies: a rule that it has asks of companies; what changes of those is told from now on
update audience set watches_companies = true where id = %(id)s and not watches_companies

-- drafts_of: of these audiences those that nobody is in because they never began
select id from audience where id = any(%(ids)s) and state = 'draft' order by id

-- lock: as it is
select id, name, description, state, version, live_version, faults, is_of_companies, trashed_at is not null from audience where id = %(id)s for update

-- version: one rule that it had
select rule::text, purpose from audience_version where audience = %(id)s and version = %(version)s

-- lock_rules: what was checked, and what is needed, stays so until this transaction commits
select pg_advisory_xact_lock(%(lock)s)

-- insert_metrics: what must be kept, unless it is; what failed is tried again at once
insert into metric (key) select unnest(%(keys)s::text[]) on conflict (key) do update set retry_at = null where metric.retry_at is not null

-- delete_metrics: what nobody asks for any more
delete from metric where not key = any(%(keys)s::text[]) returning number

-- set_version: the latest is another one
update audience set version = %(version)s where id = %(id)s

-- describe: what people call it
update audience set name = %(name)s, description = %(description)s where id = %(id)s

-- set_state: and what went wrong before is past
update audience set state = %(state)s, begun_at = clock_timestamp(), checked_at = null, counted_at = null, fault = '', faults = 0, retry_at = null
where id = %(id)s

-- put_in_force: from now on people are held against this rule; unless there is a newer one
update audience set live_version = %(version)s, checked_at = null
where id = %(id)s and version = %(version)s and state = 'filling'

-- check_again: live audiences that ask for one whose rule is another now
update audience set state = 'filling', checked_at = null where id = any(%(ids)s) and state = 'live' and trashed_at is null

-- trash: can be undone; its members leave
update audience set trashed_at = now(), starts_again = state in ('live', 'filling'), state = 'paused', live_version = null
where id = %(id)s

-- restore: a draft, with all its versions; whether it was no draft before
update audience set trashed_at = null, name = %(name)s, state = 'draft', live_version = null where id = %(id)s
returning starts_again

-- look_at_companies: its members leave (primary key); 6: it was removed
insert into company_look (company, cause) select profile, 6 from membership where audience = %(id)s

-- standing_rules: every rule that is or shall be in force, with who asks
select a.id, v.rule::text, v.purpose from audience a join audience_version v on v.audience = a.id and v.version in (a.version, a.live_version)
where a.trashed_at is null and (a.state <> 'draft' or a.live_version is not null)

-- every_rule: the latest of each audience and the one in force, drafts too
select a.id, v.rule::text, v.purpose from audience a join audience_version v on v.audience = a.id and v.version in (a.version, a.live_version)
where a.trashed_at is null

-- name_taken: by another one
select exists (select from audience where lower(name) = lower(%(name)s) and trashed_at is null and id is distinct from %(id)s)

-- insert_computed: a computed trait
insert into computed_trait (name, definition, created_by) values (%(name)s, %(definition)s::jsonb, %(user)s)
on conflict (name) do nothing returning id

-- delete_computed: by name
delete from computed_trait where name = %(name)s returning id

-- insert_list: an uploaded list
insert into audience_list (name, created_by) values (%(name)s, %(user)s) returning id

-- insert_entries: identifiers by hash
insert into audience_list_entry (list, h) select %(id)s, * from unnest(%(hashes)b) on conflict do nothing

-- delete_list: with its entries
delete from audience_list where id = %(id)s returning name
