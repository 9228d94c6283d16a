-- Who sells with whom. A team below another is led from there: who is in the upper one reaches the records of both.
create table sales_team (
    id          bigint generated always as identity primary key,
    name        text not null,
    parent      bigint references sales_team,
    archived_at timestamptz
);
create unique index on sales_team (lower(name)) where archived_at is null;
create index on sales_team (parent);

create table sales_team_member (
    team   bigint not null references sales_team,
    "user" bigint not null references accounts_user on delete cascade,
    primary key ("user", team)
);
create index on sales_team_member (team);

-- What roles may do where that isn't what `policy.py` says.
create table record_policy (
    role   text not null,
    object text not null,                 -- deal, task, … or the name of a custom object
    doing  text not null check (doing in ('see', 'edit', 'delete')),
    reach  text not null check (reach in ('none', 'own', 'team', 'all')),
    primary key (role, object, doing)
);

-- Fields that a role doesn't see, or only sees. No row = it edits what it may edit.
create table field_policy (
    role   text not null,
    object text not null,
    field  text not null,
    may    text not null check (may in ('hidden', 'read')),
    primary key (role, object, field)
);

-- Records that somebody gave others to see or to edit, whosever they are.
create table record_share (
    id        bigint generated always as identity primary key,
    object    text not null,
    record    bigint not null,
    "user"    bigint references accounts_user on delete cascade,
    team      bigint references sales_team,
    doing     text not null check (doing in ('see', 'edit')),
    shared_at timestamptz not null default now(),
    shared_by text not null,              -- as the audit calls them: user:alice
    check (num_nonnulls("user", team) = 1)
);
create unique index on record_share (object, record, "user") where "user" is not null;
create unique index on record_share (object, record, team) where team is not null;
create index on record_share ("user", object, record) where "user" is not null;
create index on record_share (team, object, record) where team is not null;
