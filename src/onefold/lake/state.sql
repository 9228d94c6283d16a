-- lock: held by the session, so that it ends with the process
select pg_advisory_lock(%(key)s)

-- unlock: the next may begin
select pg_advisory_unlock(%(key)s)

-- version: of a table, as readers see it
select version, files, rows from lake_table where name = %(name)s

-- versions: of all tables, as readers see them
select name, version, files, rows from lake_table order by name

-- begin_table: a table that readers see from now on
insert into lake_table (name, version) values (%(name)s, %(version)s)

-- publish: readers see another version, unless somebody else published one
update lake_table set version = %(version)s, files = %(files)s, rows = %(rows)s,
    size_bytes = %(size_bytes)s, changed_at = now()
    where name = %(name)s and version = %(before)s

-- progress: where the lake stands
select flushed, moved, refreshed, hot_since from lake_progress

-- flushed: every event up to this position is in the lake
update lake_progress set flushed = %(position)s, flushed_at = now(), waiting_since = null

-- note_moves: fragments that changed their profile since
insert into lake_override (fragment, seq)
select n.h, max(m.seq) from identity_move m join node n using (h)
where m.seq > %(moved)s and m.seq <= %(last)s and n.n > 0 group by n.h
on conflict (fragment) do update set seq = excluded.seq

-- last_move: up to which overrides can be noted
select coalesce(max(seq), 0) from identity_move

-- moved: overrides are complete up to this move
update lake_progress set moved = %(last)s

-- note_fault: of the last run of a kind
update lake_progress set fault = %(fault)s, fault_at = now(), fault_in = %(action)s

-- clear_fault: it went well
update lake_progress set fault = '', fault_at = null, fault_in = '' where fault_in = %(action)s

-- waiting: positions that were given since the last flush
select (select case when is_called then last_value else 0 end from event_position) - flushed from lake_progress

-- note_waiting: the worker sees that something waits
update lake_progress set waiting_since = now() where waiting_since is null

-- caught_up: a flush came to its end
update lake_progress set waiting_since = null where waiting_since is not null

-- standing: for pages and the doctor
select coalesce((select rows from lake_table where name = 'events'), 0) as events,
    (select coalesce(sum(size_bytes), 0) from lake_table)::bigint as size_bytes,
    case when waiting_since is null then 0 else greatest(given.last - flushed, 0) end as waiting,
    waiting_since, flushed_at, compacted_at, hot_since, fault, fault_at
from lake_progress cross join (select case when is_called then last_value else 0 end as last from event_position) given

-- rebuilt: the tables of people and companies are to be made anew
update lake_progress set refreshed = 0

-- name_namespaces: what their codes mean
insert into lake_namespace (code, name) select * from unnest(%(codes)s::smallint[], %(names)s::text[])
on conflict (code) do update set name = excluded.name where lake_namespace.name <> excluded.name
