-- Audiences, computed traits, what is kept for them of people's events, and who is in.

create table audience (
    id           integer generated always as identity primary key,
    name         text not null,
    description  text not null default '',
    state        text not null check (state in ('draft', 'filling', 'live', 'paused')),
    version      integer not null default 1,   -- the latest
    live_version integer,                      -- what people are held against; null = nobody is in
    begun_at     timestamptz not null default now(),  -- when it was started, or changed, last
    checked_at   timestamptz,                  -- of a rule that is new: since when all are on profile_due whom it concerns
    created_at   timestamptz not null default now(),
    created_by   text not null,
    trashed_at   timestamptz,                  -- can be undone
    fault        text not null default ''      -- why it could not be filled; the members are as they were
);
create unique index on audience (lower(name)) where trashed_at is null;

-- Every rule that an audience ever had.
create table audience_version (
    audience   integer not null references audience on delete cascade,
    version    integer not null,
    rule       jsonb not null,                 -- docs/reference/audiences.md
    purpose    text not null,
    created_at timestamptz not null default now(),
    created_by text not null,
    primary key (audience, version)
);

create table computed_trait (
    id         integer generated always as identity primary key,
    name       text not null unique,
    definition jsonb not null,
    created_at timestamptz not null default now(),
    created_by text not null
);

-- Identifiers that somebody uploaded.
create table audience_list (
    id         integer generated always as identity primary key,
    name       text not null,
    created_at timestamptz not null default now(),
    created_by text not null
);
create table audience_list_entry (
    list integer not null references audience_list on delete cascade,
    h    bigint not null,                      -- of the identifier
    primary key (list, h)
);
create index on audience_list_entry (h);

-- What the first of a share of people ("top 10 % by spend") begins at; null = of nobody.
create table audience_threshold (
    key     text primary key,                  -- the condition
    value   double precision,
    set_at  timestamptz not null default now()
);

-- Another number after every change of what the processor holds people against; of a sequence, so that none comes twice,
-- whatever is rolled back.
create sequence audience_epoch_seq;
create table audience_epoch (epoch bigint not null);
insert into audience_epoch values (nextval('audience_epoch_seq'));

-- What is kept of events, by fragment: audiences/metrics.py.
create table metric (
    number  integer generated always as identity primary key,
    key     text not null unique,              -- the definition
    since   bigint,                            -- event.position: later events are folded as they come; null = not yet
    state   text not null default 'new' check (state in ('new', 'folding', 'staged', 'complete'))
);

-- Of events before that: read from the lake, waiting for the processor.
create table metric_fill (
    metric   integer not null references metric on delete cascade,
    fragment bigint not null,
    buckets  bytea not null,                   -- msgpack
    primary key (fragment, metric)
);

-- Fragments that were folded anew from all their events while a metric was being filled: what waits of them is old.
create table metric_refolded (
    fragment bigint not null,
    metric   integer not null references metric on delete cascade,
    primary key (fragment, metric)
);

-- By profile what the processor needs to say which audiences somebody is in. Hot: no index but the key.
create table profile_state (
    id        bigint primary key,
    doc       bytea,                           -- msgpack: fragment -> metric -> bucket -> what happened
    consents  text,                            -- JSON: purpose -> whether it is allowed
    audiences bytea,                           -- msgpack: numbers, sorted
    due       bigint,                          -- µs: as in profile_due
    answers   bytea                            -- audiences/answers.py: which layout, and the bits
) with (fillfactor = 80);

-- Whom to look at again, and when: time alone may change what they are in. Never later than that.
create table profile_due (
    id     bigint primary key,
    due_at timestamptz not null
) with (fillfactor = 80);
create index on profile_due (due_at);

create table membership (
    audience integer not null,
    profile  bigint not null,
    since    timestamptz not null,
    primary key (audience, profile)
);
create index on membership (profile);

-- Who entered and left, in the order of what happened: what journeys, destinations and webhooks read.
create table membership_change (
    position bigint generated always as identity primary key,
    audience integer not null,
    profile  bigint not null,
    kind     smallint not null,                -- 1 entered, 2 left, 3 moved here from `other`, 4 moved to `other`
    at       timestamptz not null,
    cause    smallint not null,                -- audiences/membership.py: Cause
    event    uuid,                             -- that brought it about
    version  integer not null,                 -- of the rule
    other    bigint
);
create index on membership_change (audience, position);
create index on membership_change (profile, position);
create index on membership_change (audience, at);

-- What was said of consent before is brought to profile_state by the worker.
insert into consent_moved (name) select distinct purpose from consent;
