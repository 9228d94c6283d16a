-- The order of views' tabs: moving one writes that one alone, between its new neighbours.
alter table saved_view add column place double precision;
update saved_view set place = id;
alter table saved_view alter column place set not null;

-- Whole lists of people that somebody takes out: made by the worker, kept for a day.
create table people_export (
    id         uuid primary key default gen_random_uuid(),
    owner      text not null,               -- as the audit calls them: user:alice
    user_id    bigint not null,
    address    text not null,               -- the list: what stands after its ?
    is_masked  boolean not null,            -- without e-mail addresses and phone numbers
    state      text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
    asked_at   timestamptz not null default now(),
    tries      smallint not null default 0,
    touched_at timestamptz,                 -- when its worker last said something
    ended_at   timestamptz,
    total      bigint,                      -- people in the list
    people     bigint not null default 0,   -- written so far
    size       bigint not null default 0,   -- bytes
    is_cut     boolean not null default false,
    fault      text not null default ''
);
create table people_export_piece (
    export uuid not null references people_export on delete cascade,
    n      integer not null,
    body   text not null,                   -- lines of CSV
    primary key (export, n)
);
