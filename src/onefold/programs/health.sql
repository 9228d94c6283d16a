-- version: of the server
select current_setting('server_version')

-- processes: who gave a sign of life, and when
select name, pid, host, restarts, extract(epoch from now() - beat_at)::float8, extract(epoch from now() - started_at)::float8
from process_status

-- lag: of each lane the unread requests (counted up to a bound) and the age of the oldest; index on lane, epoch, xid, off
select p.lane, unread.n, coalesce(oldest.age_s, 0)
from log_position p
cross join lateral (
    select count(*) as n from (
        select from event_log l
        where l.lane = p.lane and (l.epoch, l.xid, l.off) > (p.epoch, p.xid, p.off)
        limit %(bound)s
    ) some_rows
) unread
left join lateral (
    select extract(epoch from now() - l.received_at)::float8 as age_s from event_log l
    where l.lane = p.lane and (l.epoch, l.xid, l.off) > (p.epoch, p.xid, p.off)
    order by l.epoch, l.xid, l.off limit 1
) oldest on true
order by p.lane

-- note_lag: how far a lane is behind now
insert into log_lag (at, lane, requests, seconds) select * from unnest(%(at)b, %(lane)b, %(requests)b, %(seconds)s::real[])
on conflict do nothing

-- lag_history: the worst of each stretch (primary key)
select date_bin(%(step)s, at, %(since)s), lane, max(seconds)::float8 from log_lag
where at >= %(since)s group by 1, 2

-- database: bytes of all that is stored in it
select pg_database_size(current_database())

-- blockers: write transactions of any database that keep the log's reader waiting, oldest first
select pid, application_name, state, coalesce(datname, '-'),
       extract(epoch from now() - xact_start)::float8, extract(epoch from now() - query_start)::float8
from pg_stat_activity
where backend_xid is not null and pid <> pg_backend_pid() and xact_start < now() - make_interval(secs => %(older_than_s)s)
order by xact_start

-- prepared: transactions of two-phase commits that nobody has finished; they stall the reader in the same way
select gid, extract(epoch from now() - prepared)::float8 from pg_prepared_xacts
where prepared < now() - make_interval(secs => %(older_than_s)s) order by prepared

-- unpartitioned: whether the default partitions hold rows, which they don't when upkeep runs, but decisions and fetched
-- histories of weeks that left PostgreSQL
select exists (select from event_log_default), exists (
    select from event_default where received_at >= coalesce((select hot_since from lake_progress), '-infinity')
)

-- stale_config: when the configuration, or the priority of a source that was there, first changed after all was folded
select min(at) from (
    select at, seq, version, priorities, lag(version) over (order by seq) as version_before,
           lag(priorities) over (order by seq) as priorities_before
    from config_in_use
    where seq >= coalesce((select max(seq) from config_in_use where is_rebuild), 0)
) used
where version <> version_before or priorities || priorities_before <> priorities
having count(*) > 0

-- tables: the largest, partitions with their parent; rows as estimated at the last analyze
select coalesce(parent.relname, c.relname), sum(greatest(c.reltuples, 0))::bigint, sum(pg_total_relation_size(c.oid))::bigint
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class parent on parent.oid = i.inhparent
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
group by 1 order by 3 desc, 1 limit 12
