-- gone: positions that were taken back or erased, and when those events happened
select position, ts from event_gone where position <= %(flushed)s

-- forget_gone: no file has them any more; the next refresh hears of their profiles
with deleted as (
    delete from event_gone where position = any(%(positions)s) returning fragment
)
insert into lake_touched (profile) select distinct n.prof from deleted join node n on n.h = deleted.fragment

-- overrides: whom fragments belong to that moved since they were written (primary keys)
select o.fragment, n.prof, o.seq from lake_override o join node n on n.h = o.fragment where n.n > 0

-- forget_overrides: every file says so itself
delete from lake_override where seq <= %(seq)s

-- compacted: when this was done last
update lake_progress set compacted_at = now()
