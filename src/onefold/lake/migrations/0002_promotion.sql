-- What promotion has to know of properties, and of how many events it is; what pages say of the lake.

alter table lake_property
    add column n_bytes     bigint not null default 0,     -- of their values, in JSON
    add column promoted_at timestamptz,
    add column is_demoted  boolean not null default false, -- by a person: never again by itself; keeps its column's name
    add check (not (is_demoted and is_complete));

alter table lake_progress
    add column sampled  bigint not null default 0,        -- events whose properties were counted
    add column waiting_since timestamptz,                 -- when the worker first saw events that no flush has brought since
    add column fault_in text not null default '';         -- which kind of run it was: another one that goes well doesn't end it

-- What the version that counts holds, for pages that don't read the Delta log.
alter table lake_table add column size_bytes bigint not null default 0;
