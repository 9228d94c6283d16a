-- gone: positions that were taken back or erased, and when those events happened
select position, ts from event_gone where position <= %(flushed)s

-- forget_gone: no file has them any more
delete from event_gone where position = any(%(positions)s)

-- overrides: whom fragments belong to that moved since they were written
select fragment, profile, seq from lake_override

-- forget_overrides: every file says so itself
delete from lake_override where seq <= %(seq)s

-- compacted: when this was done last
update lake_progress set compacted_at = now()
