-- visible: one's own queries and shared ones, by name
select id, owner, name, sql, is_shared, changed_at from sql_query
where deleted_at is null and (owner = %(owner)s or is_shared) order by lower(name), id limit %(limit)s

-- one: a query that one may see, also when it was just deleted
select id, owner, name, sql, is_shared, changed_at from sql_query
where id = %(id)s and (owner = %(owner)s or is_shared)

-- lock: one adds after the other, so that the limit holds
select pg_advisory_xact_lock(hashtext('sql_query'))

-- add: keep a query
insert into sql_query (owner, name, sql, is_shared) values (%(owner)s, %(name)s, %(sql)s, %(is_shared)s) returning id

-- change: name, text, and who sees it
update sql_query set name = %(name)s, sql = %(sql)s, is_shared = %(is_shared)s, changed_at = now() where id = %(id)s

-- set_deleted: gone, or there again
update sql_query set deleted_at = case when %(is_deleted)s then now() end where id = %(id)s

-- texts: of everybody (a scan of a small table)
select id, name || ' ' || sql from sql_query

-- forget: by id
delete from sql_query where id = any(%(ids)s)
