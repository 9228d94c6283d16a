-- Lists of other records than people are taken out as well, as CSV, XLSX or Parquet.
alter table people_export
    add column object text not null default 'people',       -- what is listed: people, companies, deal …
    add column path text not null default '/people',        -- of the list, to go on with ? and the address
    add column format text not null default 'csv' check (format in ('csv', 'xlsx', 'parquet')),
    add column has_all_columns boolean not null default false;  -- every field, not those that the list shows
alter table people_export rename column people to written;  -- rows so far
alter table people_export_piece alter column body type bytea using convert_to(body, 'UTF8');
