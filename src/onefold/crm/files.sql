-- of_record: its files, the latest first (index on object, record)
select id, object, record, name, media_type, size_bytes, created_at, created_by from attachment
where object = %(object)s and record = any(%(records)s) and deleted_at is null
order by id desc limit %(most)s

-- one: a file (primary key)
select id, object, record, name, media_type, size_bytes, created_at, created_by, deleted_at is not null
from attachment where id = %(id)s

-- taken: how many files a record has and how many bytes, and how many bytes all have (the table has no bytes itself)
select count(*) filter (where object = %(object)s and record = any(%(records)s)),
    coalesce(sum(size_bytes), 0)::bigint
from attachment where deleted_at is null

-- add: one more
insert into attachment (object, record, name, media_type, size_bytes, created_by)
values (%(object)s, %(record)s, %(name)s, %(media_type)s, %(size_bytes)s, %(by)s) returning id

-- add_piece: of its bytes
insert into attachment_piece (attachment, n, body) values (%(id)s, %(n)s, %(body)s)

-- piece: of its bytes (primary key)
select body from attachment_piece where attachment = %(id)s and n = %(n)s

-- set_deleted: out of sight, or back; no row = it was so before
update attachment set deleted_at = case when %(is)s then now() end, deleted_by = %(by)s
where id = %(id)s and (deleted_at is null) = %(is)s returning id

-- forget_deleted: some of those that were deleted long ago, with their bytes
delete from attachment where id = any(array(
    select id from attachment where deleted_at < %(before)s order by deleted_at limit %(limit)s
))
