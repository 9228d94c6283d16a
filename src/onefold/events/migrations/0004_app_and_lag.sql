-- Apps on phones are a kind of their own: their keys are public and the connection's address is the person's, as for
-- browsers, and their libraries are others.
alter table source drop constraint source_kind_check;
alter table source add constraint source_kind_check check (kind in ('browser', 'app', 'server', 'import', 'internal'));

-- How far each lane was behind, by the minute: what the health page draws. Kept as long as counts are.
create table log_lag (
    at       timestamptz not null,
    lane     smallint not null,
    requests bigint not null,
    seconds  real not null,
    primary key (at, lane)
);
