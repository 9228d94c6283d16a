-- Which companies are one. All three follow from its events (profiles/company_heads.py).
alter table company
    add column merged_into bigint,                  -- h of the company that an editor merged this one into
    add column head        bigint,                  -- h of the one where that leads today; null = to itself
    add column apart       bigint[] not null default '{}';  -- companies that an editor said to be others
create index company_merged on company (merged_into) where merged_into is not null;
create index company_head on company (head) where head is not null;
