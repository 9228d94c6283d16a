-- The golden record: a cache of the fold of a cluster's fragments. Lists sort, filter and search here.

create table profile (
    id         bigint primary key,         -- h of the anchor identifier
    name       text not null default '',
    email      text not null default '',
    phone      text not null default '',
    company    bigint,                     -- h of the company joined last: its name is read by a join on company.h
    traits     jsonb not null default '{}',
    is_known   boolean not null default false,  -- has an identifier stronger than a device's
    first_seen timestamptz not null,
    last_seen  timestamptz not null        -- floored to the hour while nothing else changes
) with (fillfactor = 80);
create index on profile (is_known, last_seen desc, id desc);

-- Apart from `profile`: a visit moves last_seen, and must not write thirty trigrams anew.
create table profile_search (
    id     bigint primary key,
    search text not null                   -- lower case: name, e-mails, phones, user ids
);
create index on profile_search using gin (search gin_trgm_ops);

create table company (
    h          bigint primary key,         -- hash of space and group id
    space      text not null,              -- the source's user_space
    key        text not null,              -- groupId
    name       text not null default '',
    traits     jsonb not null default '{}',
    doc        bytea,                      -- msgpack: as node.doc
    n          bigint not null default 0,
    first_seen timestamptz not null,
    last_seen  timestamptz not null
) with (fillfactor = 80);

create table company_member (
    company  bigint not null,
    fragment bigint not null,
    first_ts bigint not null,
    last_ts  bigint not null,
    primary key (company, fragment)
);
create index on company_member (fragment);
