-- What the processor stored last, in its order, so that whoever watches misses neither lane. Only ids: what is erased
-- is gone from here too. May be lost in a crash.
create unlogged table event_tail (
    seq          bigint generated always as identity primary key,
    processed_at timestamptz not null default clock_timestamp(),
    id           uuid not null,             -- of the event
    received_at  timestamptz not null,
    source_id    integer not null,
    is_duplicate boolean not null
);
