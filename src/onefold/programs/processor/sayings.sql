-- tables: what events say, equal ones together, and sums. DuckDB; times in µs
create table said (
    source_id integer, trust integer, kind integer, is_gpc boolean,
    own bigint,                                      -- position of an event that stands alone
    gist varchar, n bigint, first_ts bigint, last_ts bigint, first_received_at bigint, claimed bigint,
    latest struct(ts bigint, received_at bigint, event blob)    -- null where nothing depends on it
);
create table event_count (hour bigint, source_id integer, n bigint);
create table page_count (day bigint, page varchar, n bigint)

-- say: what the events of a chunk say
insert into said
select source_id, trust, kind, is_gpc, own, gist, count(*), min(ts), max(ts), min(received_at), min({claimed}),
    max(struct_pack(ts := ts, received_at := received_at, event := event_id)) filter (where is_gpc or own is not null or kind in (1, 5) or contains(gist, '"consent'))
from chunk where not is_withheld
group by source_id, trust, kind, is_gpc, own, gist

-- count_events: of a chunk, by hour
insert into event_count
select ts - ts % 3600000000, source_id, count(*) from chunk where kind <> 7 group by 1, 2

-- count_pages: of a chunk, by day
insert into page_count
select ts - ts % 86400000000, page, count(*) from chunk where page <> '' and not is_bot group by 1, 2

-- sayings: everything that was ever said, each once; by gist, so that identifiers that were just normalised come again
select source_id, trust, kind, is_gpc, own, gist, sum(n)::bigint, min(first_ts), max(last_ts), min(first_received_at), min(claimed),
    max(latest)
from said
group by source_id, trust, kind, is_gpc, own, gist
order by gist

-- events_by_hour: sums
select hour, source_id, sum(n)::bigint from event_count group by 1, 2

-- pages_by_day: sums
select day, page, sum(n)::bigint from page_count group by 1, 2
