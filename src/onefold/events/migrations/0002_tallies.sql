-- What accepted events come to: sums by the hour in which they happened, so that no order matters and a retraction
-- subtracts. Caches of `event`: `onefold rebuild` fills them afresh.

create table event_tally (
    hour      timestamptz not null,
    source_id integer not null,
    n         bigint not null,
    primary key (hour, source_id)
);

-- Orders less refunds. No currency was said: ''.
create table revenue_tally (
    hour     timestamptz not null,
    currency text not null,
    orders   bigint not null,
    amount   numeric not null,
    primary key (hour, currency)
);

-- Pages that people, not robots, looked at, by the day (UTC).
create table page_tally (
    day  timestamptz not null,
    page text not null,
    n    bigint not null,
    primary key (day, page)
);
