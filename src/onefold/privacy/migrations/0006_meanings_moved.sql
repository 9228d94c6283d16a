-- Names in the ledger that mean something else than they did: whoever said them is to be looked at again.
create table consent_moved (
    name     text primary key,
    moved_at timestamptz not null default now()
);
