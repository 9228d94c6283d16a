-- Reports ask what happened in a period.
create index deal_closed on deal (closed_at) where closed_at is not null and deleted_at is null;
create index deal_stay_left on deal_stay (stage, left_at) include (deal, entered_at) where left_at is not null;
create index task_done on task (done_at) where done_at is not null and deleted_at is null;
-- The same order as before; who did what of which kind is counted without reading the rows.
create index activity_at on activity (at, id) include (owner, kind) where deleted_at is null;
drop index activity_at_id_idx;
