-- What people allow, and what they asked to be forgotten.

create table purpose (
    slug        text primary key check (slug ~ '^[a-z0-9][a-z0-9_]{0,49}$'),
    name        text not null,
    description text not null default '',
    position    integer not null,
    is_built_in boolean not null default false
);
insert into purpose (slug, name, description, position, is_built_in) values
    ('analytics', 'Analytics', 'Measuring what people do, to make the product better.', 1, true),
    ('email_marketing', 'E-mail marketing', 'Newsletters and offers by e-mail.', 2, true),
    ('sms_marketing', 'SMS marketing', 'Offers by text message.', 3, true),
    ('advertising', 'Advertising', 'Showing ads to this person elsewhere, or selling or sharing their data for it.', 4, true),
    ('personalisation', 'Personalisation', 'Showing different content by what is known of the person.', 5, true);

-- The ledger: a cache of a function of `event`, as `node` is. A statement is a row of its own; what is stamped on every
-- event is one row a source and answer, from the first time it was said to the last.
create table consent (
    fragment    bigint not null,
    purpose     text not null,             -- as it was said; need not be one of `purpose`
    origin      smallint not null,         -- privacy/consent.py: Origin
    source_id   integer not null,
    is_granted  boolean not null,
    statement   uuid not null,             -- id of the event; zero for what is stamped on events
    first_ts    bigint not null,           -- µs
    ts          bigint not null,           -- µs, of the latest event that says so; with the next two it decides
    received_at bigint not null,           -- µs
    event       uuid not null,
    details     text not null,             -- JSON: wording, form, locale, who; '' = none
    primary key (fragment, purpose, origin, source_id, is_granted, statement)
);

-- What was asked: to erase a person, or to let somebody come back.
create table privacy_request (
    id           bigint generated always as identity primary key,
    kind         text not null check (kind in ('erase', 'release')),
    requested_at timestamptz not null default now(),
    requested_by text not null,
    identifier   text,                     -- namespace:value, until it is done
    is_suppressed boolean not null default true,
    done_at      timestamptz,
    report       jsonb                     -- counts only
);

-- Keyed hashes of erased identifiers; whoever has the table without the key can't tell whom it names.
create table suppression (
    digest    bytea primary key,           -- HMAC-SHA256 of namespace and value
    namespace text not null,
    request   bigint not null references privacy_request,
    key_id    bytea not null,              -- which key: eight bytes of an HMAC of nothing
    at        timestamptz not null default now()
);
create index on suppression (request);

-- An erasure finds requests by their receipt.
create index on event_log using brin (received_at) with (autosummarize = on);
