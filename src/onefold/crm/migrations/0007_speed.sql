-- What boards and most lists ask of open deals, so that the table needn't be read: a third of it, in its own order.
create index deal_open on deal (pipeline, stage)
    include (id, owner, company, person, amount, home_amount, weighted, close_on, next_task_at, active_at)
    where state = 'open' and deleted_at is null;
-- Closed ones by when: what stands on the board for a month, how long it took to win those of a year.
create index deal_closed_by_pipeline on deal (pipeline, closed_at) include (id, owner, stage, state, home_amount, weighted, created_at)
    where state <> 'open' and deleted_at is null;
-- Also of deleted ones: a task's deal is asked when it closes whether or not it is still in the lists.
drop index deal_state_close_on_id_idx;
create index deal_state_close_on on deal (state, close_on, id);
-- The calls, or notes, of some weeks: what most lists of activities ask before they show a page of them.
create index activity_kind on activity (kind, at, id) include (owner, company, person, deal) where deleted_at is null;
-- Indexes answer alone only for pages that vacuum has seen: it comes after a fiftieth has changed, not after a fifth.
alter table deal set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
alter table activity set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
