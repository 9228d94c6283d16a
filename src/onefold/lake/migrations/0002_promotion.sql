-- What promotion has to know of properties, and of how many events it is.

alter table lake_property
    add column n_bytes     bigint not null default 0,     -- of their values, in JSON
    add column promoted_at timestamptz,
    add column is_demoted  boolean not null default false, -- by a person: never again by itself; keeps its column's name
    add check (not (is_demoted and is_complete));

alter table lake_progress
    add column sampled bigint not null default 0;         -- events whose properties were counted
