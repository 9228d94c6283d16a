-- tables: single facts. DuckDB; times in µs
create table named (h bigint, ns integer, val varchar, rcv bigint);
create table pair (a bigint, b bigint, first bigint, trust integer, rcv bigint);
create table part (h bigint, n bigint, own_rcv bigint, first_ts bigint, last_ts bigint);
create table claim (h bigint, source_id integer, traits blob, ts bigint, received_at bigint, event blob);
create table consent (
    fragment bigint, purpose varchar, origin integer, source_id integer, is_granted boolean, statement blob,
    first_ts bigint, ts bigint, received_at bigint, event blob, details varchar
);
create table company_fact (
    company bigint, space varchar, key varchar, fragment bigint, n bigint, first_ts bigint, last_ts bigint,
    traits blob, source_id integer, ts bigint, received_at bigint, event blob
)
