-- Which leads go to whom: of the rules in order the first that is of a lead. '' and null = any.
create table assignment_rule (
    id           bigint generated always as identity primary key,
    name         text not null,
    way          text not null check (way in ('round_robin', 'least_busy')),
    source       text not null default '',     -- lead_source
    country      text not null default '',
    least_points integer,                      -- of the score
    last_user    bigint,                       -- who got the last one
    place        integer not null,
    archived_at  timestamptz
);

-- Who takes part. capacity = open leads from which on somebody gets no more; null = no end.
create table assignment_member (
    rule     bigint not null references assignment_rule on delete cascade,
    "user"   bigint not null references accounts_user on delete cascade,
    capacity integer check (capacity between 1 and 100000),
    primary key (rule, "user")
);
create index on assignment_member ("user");

-- Who was assigned, by an identifier that stays theirs: nobody is assigned twice, whatever is said of the owner since.
create table lead_assignment (
    anchor bigint primary key,
    rule   bigint not null,
    "user" bigint not null,
    at     timestamptz not null
);
create index on lead_assignment (at);

-- Leads that nobody had room for.
create table lead_waiting (
    person bigint primary key,             -- profile id
    at     timestamptz not null
);
create index on lead_waiting (at);

insert into people_follower select 'assignment', position, null from people_follower where name = 'scores';
