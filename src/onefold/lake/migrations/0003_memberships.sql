-- The table of memberships.
alter table lake_progress add column refreshed_change bigint not null default 0; -- every membership_change.position up to this is in it
