-- What fails is tried again, less and less often.

alter table audience
    add column faults   integer not null default 0,    -- times in a row that it could not be filled
    add column retry_at timestamptz;                   -- when it is tried again; null = at once
alter table metric
    add column fault    text not null default '',      -- why its older events could not be read
    add column faults   integer not null default 0,
    add column retry_at timestamptz;
