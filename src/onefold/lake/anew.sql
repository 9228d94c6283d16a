-- forget_tables: nobody reads them any more
delete from lake_table

-- forget_gone: no file has what was taken back
delete from event_gone

-- forget_overrides: no file has a row under a former profile
delete from lake_override

-- forget_touched: all profiles are read again
delete from lake_touched

-- begin: nothing is in the lake, unless some events are only there
update lake_progress set flushed = 0, refreshed = 0, refreshed_move = 0, refreshed_change = 0, moved = (select coalesce(max(seq), 0) from identity_move)
where hot_since is null
