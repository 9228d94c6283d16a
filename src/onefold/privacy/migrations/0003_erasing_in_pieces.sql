-- Who has very many events is erased piece by piece: how far it is, and what of it is left.
alter table privacy_request
    add begun_at   timestamptz,               -- since then nobody sees the person
    add changed_at timestamptz,               -- when suppressions may have changed last
    add n_events   bigint,                    -- the person's own, when it began
    add rest       jsonb,                     -- who, and what is yet to do; null when it is done
    add fault      text;                      -- why it stopped: the kind of error; null = it goes on
update privacy_request set begun_at = done_at, changed_at = done_at;
drop index privacy_request_done_at_idx;
create index on privacy_request (changed_at);
create index on privacy_request (id) where done_at is null;
