-- What lists of people filter and sort by. None of it moves with a visit, which writes `profile` alone.

create table profile_traits (
    id     bigint primary key,
    traits jsonb not null                  -- as profile.traits
);
insert into profile_traits (id, traits) select id, traits from profile;
create index on profile_traits using gin (traits jsonb_path_ops);

alter table profile_search
    add column by_name  text collate "C" not null default '',  -- lower case, accents behind their letters
    add column by_email text collate "C" not null default '';
update profile_search s set
    by_name = normalize(lower(left(p.name, 80)), NFKD),
    by_email = lower(left(p.email, 120))
from profile p where p.id = s.id and p.name || p.email <> '';
create index on profile_search (by_name, id) where by_name <> '';
create index on profile_search (by_email, id) where by_email <> '';

-- in the order of a list as well: it serves what counted new people before
drop index profile_first_seen;
create index profile_first_seen on profile (first_seen, id) include (is_known);
