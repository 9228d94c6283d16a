-- The order of acceptance. One processor at a time owns the log and commits batch after batch, so whoever has read up to a
-- position has read everything before it, too. An event that is changed gets a new position: its old one is gone.
create sequence event_position;
alter table event add column position bigint not null default nextval('event_position');
create index on event using brin (position) with (pages_per_range = 32, autosummarize = on);

-- Positions that were accepted once and are no longer: what the lake still has of them is not to be seen, until it goes there, too.
create table event_gone (
    position bigint primary key,
    fragment bigint not null,
    ts       timestamptz not null
);

-- Taken back, but perhaps in the lake only: the worker looks there, fetches what it takes, and says that it is ready.
create table pending_retraction (
    id       uuid primary key,
    is_ready boolean not null default false
);
