-- Where messages go. A message tells what the user `acts_as` may see.
create table webhook_endpoint (
    id            bigint generated always as identity primary key,
    name          text not null,
    url           text not null,
    events        text[] not null,           -- deal.won, deal.*, *
    acts_as       bigint not null references accounts_user on delete cascade,
    secret        text not null,             -- whsec_…: signing needs it as it is
    old_secret    text,                      -- signs as well until then
    old_until     timestamptz,
    paused_at     timestamptz,
    paused_for    text not null default '' check (paused_for in ('', 'asked', 'failing', 'gone')),
    failing_since timestamptz,               -- no message has arrived since
    created_at    timestamptz not null default now(),
    created_by    text not null,             -- as the audit calls them: user:alice
    removed_at    timestamptz
);

-- A message to one endpoint, written with the change that it tells of. Its body never changes.
create table webhook_delivery (
    id           bigint generated always as identity primary key,
    endpoint     bigint not null references webhook_endpoint on delete cascade,
    message      text not null unique,       -- header webhook-id
    event        text not null,
    object       text not null,
    record       bigint not null,
    body         text not null,
    state        text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
    tries        smallint not null default 0,
    next_at      timestamptz not null default now(),
    claimed_until timestamptz,               -- a worker is at it; one that died lets it go then
    created_at   timestamptz not null default now()
);
create index on webhook_delivery (endpoint, next_at) where state = 'waiting';
create index on webhook_delivery (endpoint, object, record, id) where state = 'waiting';
create index on webhook_delivery (endpoint, id desc);
create index on webhook_delivery (created_at);

create table webhook_attempt (
    id          bigint generated always as identity primary key,
    delivery    bigint not null references webhook_delivery on delete cascade,
    at          timestamptz not null default now(),
    duration_ms integer not null,
    status      smallint,                    -- null = there was no answer
    fault       text not null default '',
    response    text not null default ''     -- its beginning
);
create index on webhook_attempt (delivery, id);
