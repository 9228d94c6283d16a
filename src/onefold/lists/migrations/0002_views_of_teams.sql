-- Who sees a view: its owner alone, their team and those below it, or everybody.
alter table saved_view add column seen_by text not null default 'owner' check (seen_by in ('owner', 'team', 'all'));
update saved_view set seen_by = 'all' where is_shared;
alter table saved_view drop column is_shared;
