-- Lists of other records than people are kept as well. The table itself was made by `profiles`, 0004 and 0005.
alter table saved_view add column object text not null default 'people';
