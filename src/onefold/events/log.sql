-- lock_epoch: two starters, one after the other
select pg_advisory_xact_lock(262144017)

-- find_epoch: the epoch of this very cluster; none when its transaction ids aren't those of the latest one
select epoch from log_epoch
where epoch = (select max(epoch) from log_epoch)
  and system_identifier = (select system_identifier::text from pg_control_system())

-- begin_epoch: the next epoch, for this cluster
insert into log_epoch (epoch, system_identifier)
select coalesce((select max(epoch) from log_epoch), 0) + 1, system_identifier::text from pg_control_system()
returning epoch

-- append: one row a request; wakes the processor when it commits
with appended as (
    insert into event_log (epoch, lane, source_id, trust, received_at, n, ip, user_agent, body)
    select %(epoch)b, * from unnest(%(lane)b, %(source_id)b, %(trust)b, %(received_at)b, %(n)b, %(ip)b, %(user_agent)b, %(body)b)
    returning xid, off
)
select max(xid::text)::bigint, max(off), pg_notify('onefold_log', '') from appended

-- is_processed: whether the processor has come past a row of a lane
select (epoch, xid, off) >= (%(epoch)s, %(xid)s::text::xid8, %(off)s) from log_position where lane = %(lane)s
