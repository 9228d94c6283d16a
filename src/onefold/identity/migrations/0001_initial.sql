-- Which identifiers are one person. docs/reference/identity.md says what these mean.

create table identity_config (
    version    integer generated always as identity primary key,
    config     jsonb not null,
    created_at timestamptz not null default now(),
    created_by text not null
);

-- One row an identifier: also the head of its fragment. Hot: no index but the two.
create table node (
    h        bigint primary key,
    ns       smallint not null,            -- code of the namespace
    val      text not null,
    rcv      bigint not null,              -- earliest receipt of an event that names it, µs since 1970
    comp     bigint not null,              -- raw component: h of its earliest received member
    prof     bigint not null,              -- cluster = profile id: h of its earliest received member
    fl       smallint not null default 0,  -- identity/graph.py: Flag
    deg      bytea,                        -- msgpack: distinct neighbours by kind
    n        bigint not null default 0,    -- events of the fragment
    own_rcv  bigint,                       -- earliest receipt of them; rcv also counts events in which it was a weaker end
    first_ts bigint,                       -- µs, of the fragment's events
    last_ts  bigint,
    doc      bytea                         -- msgpack: traits of the fragment; null = none
) with (fillfactor = 80);
create index on node (comp);

-- Seen together: a is the stronger end. ref = why refused (identity/graph.py: Refusal), 0 = joined.
create table edge (
    a     bigint not null,
    b     bigint not null,
    first bigint not null,                 -- µs
    trust smallint not null,
    rcv   bigint not null,                 -- earliest receipt
    ref   smallint not null default 0,
    primary key (a, b)
) with (fillfactor = 90);
create index on edge (b);

-- Every link decision; the latest by (ts, event) of a pair counts. a <= b; a = b means "links with nothing".
create table link_rule (
    event       uuid not null,
    a           bigint not null,
    b           bigint not null,
    kind        smallint not null,         -- 1 never, 2 always, 3 withdrawn
    ts          bigint not null,
    received_at bigint not null,           -- µs; after 24 h the same message is an event again
    primary key (event, received_at)
);
create index on link_rule (a);
create index on link_rule (b);

-- Facts: which identifier changed its profile, and by which event.
create table identity_move (
    seq       bigint generated always as identity primary key,
    at        timestamptz not null,
    h         bigint not null,
    from_prof bigint,
    to_prof   bigint,
    cause     uuid
);
create index on identity_move (h);

-- Which configuration events were folded with, and since when. History keeps what it was folded with until a rebuild.
create table config_in_use (
    seq        bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    version    integer not null,           -- of identity_config; 0 = the built-in one
    priorities jsonb not null,             -- source id -> survivorship priority
    is_rebuild boolean not null            -- everything was folded with it, not only what came after
);
