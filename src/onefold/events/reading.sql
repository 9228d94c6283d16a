-- positions: how far each lane is read; locked, so that a rebuild and a second processor wait
select lane, epoch, xid::text::bigint, off from log_position order by lane for update

-- has_unread: whether any lane has a row past its position (index on lane, epoch, xid, off)
select exists (
    select from log_position p
    where exists (
        select from event_log l
        where l.lane = p.lane and (l.epoch, l.xid, l.off) > (p.epoch, p.xid, p.off)
    )
)

-- read: the next rows of a lane, up to a number of events; never past a transaction that may still commit rows before them
select epoch, xid, off, lane, source_id, trust, received_us, n, ip, user_agent, body
from (
    select *, sum(n) over (order by epoch, xid, off) - n as events_before
    from (
        select epoch, xid::text::bigint as xid, off, lane, source_id, trust,
               (extract(epoch from received_at) * 1000000)::bigint as received_us, n, ip, user_agent, body
        from event_log
        where lane = %(lane)s and (epoch, xid, off) > (%(epoch)s, %(xid)s::text::xid8, %(off)s)
          and (epoch < (select max(epoch) from log_epoch) or xid < pg_snapshot_xmin(pg_current_snapshot()))
        order by event_log.epoch, event_log.xid, event_log.off
        limit %(max_rows)s
    ) next_rows
) counted
where events_before < %(max_events)s
order by epoch, xid, off

-- advance: a lane is read up to here
update log_position set epoch = %(epoch)s, xid = %(xid)s::text::xid8, off = %(off)s, updated_at = now() where lane = %(lane)s
