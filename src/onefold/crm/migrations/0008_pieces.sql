-- What a product cost in its own currency, if that isn't the deal's; '' = it is.
alter table deal_item add list_price numeric(18, 2), add list_currency text not null default '';
create index on deal_item (product) where product is not null;

-- In the order in which somebody put them.
alter table record_person add place integer not null default 0;

-- Files: their bytes in pieces, so that none has to be held in memory as a whole.
alter table attachment drop column body;
alter table attachment
    add size_bytes bigint not null,
    add deleted_by text not null default '';
create index on attachment (deleted_at) where deleted_at is not null;
create table attachment_piece (
    attachment bigint not null references attachment on delete cascade,
    n          integer not null,
    body       bytea not null,
    primary key (attachment, n)
);
alter table attachment_piece alter body set storage external;  -- most files are compressed already

-- Whom texts of records name with an @: as they wrote it then, whatever the user is called today.
create table mention (
    object text not null,
    record bigint not null,
    "user" bigint not null references accounts_user on delete cascade,
    name   text not null,
    primary key (object, record, "user")
);
create index on mention ("user");
