-- Stages of a person's life as a customer, in order. People say theirs by `key` in the trait `lifecycle_stage`, so a key
-- never changes, and a stage is archived instead of deleted.
create table lifecycle_stage (
    key         text primary key check (key ~ '^[a-z0-9_]{1,60}$'),
    name        text not null,
    tone        text not null default '' check (tone in ('', 'accent', 'ok', 'warn', 'bad')),
    place       integer not null,
    archived_at timestamptz
);
insert into lifecycle_stage (key, name, tone, place) values
    ('visitor', 'Visitor', '', 1),
    ('lead', 'Lead', 'accent', 2),
    ('qualified', 'Qualified', 'accent', 3),
    ('opportunity', 'Opportunity', 'warn', 4),
    ('customer', 'Customer', 'ok', 5),
    ('evangelist', 'Evangelist', 'ok', 6);
