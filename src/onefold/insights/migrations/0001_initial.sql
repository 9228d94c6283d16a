-- Queries that people keep: one's own, or everybody's.
create table sql_query (
    id         bigint generated always as identity primary key,
    owner      text not null,               -- as the audit calls them: user:alice
    name       text not null,
    sql        text not null,
    is_shared  boolean not null,
    changed_at timestamptz not null default now(),
    deleted_at timestamptz                  -- can be undone
);
create index on sql_query (owner) where deleted_at is null;

-- What was run lately: for one's own list, and so that a run can be stopped whichever web process has it.
create table sql_run (
    id                 uuid primary key,
    owner              text not null,
    sql                text not null,       -- nobody else sees it; gone after some days
    asked_at           timestamptz not null default now(),
    ended_at           timestamptz,
    outcome            text not null default 'running'
                       check (outcome in ('running', 'done', 'rejected', 'too_much', 'cancelled', 'failed')),
    rows               bigint,
    seconds            double precision,
    is_cancel_asked    boolean not null default false
);
create index on sql_run (owner, asked_at);
create index on sql_run (asked_at);
