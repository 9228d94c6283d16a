-- counts: what hangs on these identifiers (index on fragment; primary key of consent; indexes of link_rule; index on b)
select (select count(distinct company) from company_member where fragment = any(%(hashes)s::bigint[])),
       (select count(*) from consent where fragment = any(%(hashes)s::bigint[])),
       (select count(*) from link_rule where a = any(%(hashes)s::bigint[]) or b = any(%(hashes)s::bigint[])),
       (select count(distinct a) from (
           select a from edge where b = any(%(hashes)s::bigint[]) and a <> all(%(hashes)s::bigint[]) limit 10000
       ) others)

-- lock: one request after the other is made
select pg_advisory_xact_lock(262144018)

-- waiting: the same, asked before
select id from privacy_request
where kind = %(kind)s and identifier = %(identifier)s and is_suppressed = %(is_suppressed)s and done_at is null

-- insert: a new one
insert into privacy_request (kind, requested_by, identifier, is_suppressed)
values (%(kind)s, %(requested_by)s, %(identifier)s, %(is_suppressed)s)
returning id

-- get: one of them
select id, kind, requested_at, requested_by, is_suppressed, begun_at, done_at, n_events, fault, report
from privacy_request where id = %(id)s

-- page: the latest first (primary key)
select id, kind, requested_at, requested_by, is_suppressed, begun_at, done_at, n_events, fault, report
from privacy_request where id < %(before)s order by id desc limit %(limit)s

-- unfinished: how many wait, since when, and how many of them stand still (index on id where not done)
select count(*), min(requested_at), count(fault) from privacy_request where done_at is null

-- suppressed: identifiers that may not come back
select count(*) from suppression
