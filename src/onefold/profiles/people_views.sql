-- visible: one's own views and shared ones, in the order they were made
select id, owner, name, address, is_shared from saved_view
where deleted_at is null and (owner = %(owner)s or is_shared)
order by id
limit %(limit)s

-- one: a view that one may see, also when it was just deleted
select id, owner, name, address, is_shared from saved_view
where id = %(id)s and (owner = %(owner)s or is_shared)

-- add: keep a list
insert into saved_view (owner, name, address, is_shared)
values (%(owner)s, %(name)s, %(address)s, %(is_shared)s)
returning id

-- replace: another address
update saved_view set address = %(address)s where id = %(id)s

-- set_deleted: gone, or there again
update saved_view set deleted_at = case when %(is_deleted)s then now() end where id = %(id)s
