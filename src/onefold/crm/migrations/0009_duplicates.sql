-- What tells that two people may be one: hashes of a phone number, an e-mail address without its variants, a name at a
-- company. kind = crm/duplicate_keys.py: Sign.
create table duplicate_key (
    person bigint not null,                -- profile id
    key    bigint not null,
    kind   smallint not null,
    primary key (person, key)
);
create index on duplicate_key (key);

-- People who share a key that few have. kinds = the signs they share, added up: the more, the likelier.
create table duplicate_pair (
    a     bigint not null,                 -- a < b, profile ids
    b     bigint not null,
    kinds smallint not null,
    primary key (a, b)
);
create index on duplicate_pair (b);
create index duplicate_pair_likeliest on duplicate_pair (kinds desc, a desc, b desc);

-- How far who follows people has come: every event up to this position was looked at. after = all people behind this
-- profile are yet to be looked at; null = all were.
create table people_follower (
    name     text primary key,
    position bigint not null,
    after    bigint
);
insert into people_follower
select 'duplicates', coalesce(pg_sequence_last_value('event_position'), 0), -9223372036854775808;
