-- Where the lake stands. What counts is what these rows say: a version of a Delta table that no row names was never finished.

create table lake_table (
    name       text primary key,
    version    bigint not null,                      -- of its Delta log: what is read
    files      integer not null default 0,           -- that it has, and their rows: so a log that lost an entry is found out
    rows       bigint not null default 0,
    changed_at timestamptz not null default now()
);

create table lake_progress (
    id            boolean primary key default true check (id),
    flushed       bigint not null default 0,         -- every event up to this position is in the lake
    flushed_at    timestamptz,
    moved         bigint not null default 0,         -- identity_move.seq up to which lake_override is complete
    refreshed     bigint not null default 0,         -- every event up to this position is in the tables of people and companies
    refreshed_move bigint not null default 0,        -- and every move of an identifier
    refreshed_at  timestamptz,
    compacted_at  timestamptz,
    hot_since     timestamptz,                       -- events received before are in the lake only; null = none is
    cooled_at     timestamptz,                       -- when hot_since changed last
    fault         text not null default '',          -- of the last run, for a person; empty = it went well
    fault_at      timestamptz
);
insert into lake_progress default values;

-- Fragments that changed their profile since their events were written. Whose they are is in `node`: who goes and comes
-- again changes that without a move.
create table lake_override (
    fragment bigint primary key,
    seq      bigint not null                         -- of the latest move
);

-- Profiles that changed, of which nothing else tells the next refresh: by erasure, or by events that are forgotten since.
create table lake_touched (
    seq     bigint generated always as identity primary key,
    profile bigint not null
);

-- Properties of events, as flushes saw them, and which of them are columns of their own.
create table lake_property (
    name     text primary key,
    n        bigint not null default 0,              -- events seen with it
    n_text   bigint not null default 0,
    n_number bigint not null default 0,
    n_boolean bigint not null default 0,
    n_other  bigint not null default 0,
    seen_at  timestamptz not null default now(),
    "column" text unique,                            -- null = not promoted
    type     text check (type in ('string', 'double', 'boolean')),
    is_complete boolean not null default false,      -- every file has it: questions use it
    check (("column" is null) = (type is null)),
    check ("column" is not null or not is_complete)
);

-- What the codes of namespaces mean, for readers of the lake.
create table lake_namespace (
    code smallint primary key,
    name text not null
);

-- Fragments whose older events were fetched from the lake for a while, because somebody reads or changes them.
create table lake_thaw (
    fragment  bigint primary key,
    thawed_at timestamptz not null default now()
);
create index on lake_thaw (thawed_at);

-- Fragments that the processor can't go on without.
create table lake_wanted (
    fragment bigint primary key
);
