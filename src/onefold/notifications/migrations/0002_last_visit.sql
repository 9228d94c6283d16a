-- When users looked at the page of a record, and when before that visit: what is new to them. Kept for some months.
create table record_seen (
    user_id bigint not null,
    subject text not null,        -- deal:7, person:…, company:…
    at      timestamptz not null,
    before  timestamptz,          -- the end of the visit before; null = this is the first
    primary key (user_id, subject)
);
