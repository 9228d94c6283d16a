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

-- rewrite: requests without what may not be kept; if nothing else was in one, without whose it was (index on lane, epoch, xid, off)
update event_log l set body = v.body, ip = case when v.is_empty then '' else l.ip end,
    user_agent = case when v.is_empty then '' else l.user_agent end
from unnest(%(received_at)b, %(lane)b, %(epoch)b, %(xid)b, %(off)b, %(body)b, %(is_empty)b::boolean[])
    v(received_at, lane, epoch, xid, off, body, is_empty)
where l.received_at = v.received_at and l.lane = v.lane and l.epoch = v.epoch and l.xid = v.xid::xid8 and l.off = v.off
