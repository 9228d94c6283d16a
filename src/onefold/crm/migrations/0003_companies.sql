-- Lists of companies by name and by when something was last heard of them. Cut: an index entry holds 2,700 bytes at most.
create index company_by_name on company
    ((normalize(lower(left(coalesce(nullif(name, ''), key), 80)), NFKD) collate "C"), h);
create index company_by_seen on company (last_seen, h);

-- By domain, as `crm/domains.py` writes it, and by parent.
create index company_domain on company
    ((left(split_part(regexp_replace(lower(btrim(traits ->> 'domain')), '^(https?://)?(www\.)?', ''), '/', 1), 255)))
    where traits ? 'domain';
create index company_parent on company (left(traits ->> 'parent', 500)) where traits ? 'parent';

-- People whose e-mail is at a domain. Written with a new name or address, never with a visit.
create index profile_search_domain on profile_search (split_part(by_email, '@', 2), id) where by_email <> '';

-- How far people and companies have been joined by domain: every event up to this position was looked at. Whoever was
-- there before this table is found through `company_joined`, which is empty then.
create table company_joining (position bigint not null);
insert into company_joining select coalesce(pg_sequence_last_value('event_position'), 0);

-- The domain by which a company's people were looked for. after = the last profile of those; null = all were.
create table company_joined (
    company bigint primary key,
    domain  text not null,
    after   bigint
);
create index on company_joined (company) where after is not null;
