-- Lists that people keep: one's own, or everybody's.

create table saved_view (
    id         bigint generated always as identity primary key,
    owner      text not null,              -- as the audit calls them: user:alice
    name       text not null,
    address    text not null,              -- what stands after the ? of the list
    is_shared  boolean not null,
    deleted_at timestamptz                 -- can be undone
);
create index on saved_view (owner) where deleted_at is null;
