-- version: of a table, what readers see
select version, files, rows from lake_table where name = %(name)s

-- gone: positions that were taken back or erased since they were written
select position from event_gone where position <= (select flushed from lake_progress)

-- hot: accepted events that the lake doesn't have yet (index on position; all of them while it has none)
select position, uuid_send(id), fragment, (extract(epoch from ts) * 1000000)::bigint,
    (extract(epoch from received_at) * 1000000)::bigint, source_id, kind, trust, flags, name, body
from event where position > %(flushed)s
