-- Whose memberships are forgotten, and up to where: of them only the exits still name them, for whoever follows changes.
create table membership_forgotten (
    profile  bigint not null,
    position bigint not null,                  -- of membership_change
    at       timestamptz not null default now(),
    primary key (profile, position)
);
create index on membership_forgotten (at);
