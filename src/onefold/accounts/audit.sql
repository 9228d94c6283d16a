-- append: the next entry of the chain; the function takes the lock
select audit_append(%(actor)s, %(action)s, %(target)s, %(details)s::jsonb, %(address)s::inet)

-- page: entries, the latest first; primary key, or the index of one filter
select id, at, actor, action, target, details, host(address) from audit where {where} order by id desc limit %(limit)s

-- actions: the distinct ones, by one index probe each
with recursive found as (
    (select action from audit order by action limit 1)
    union all
    select (select action from audit where action > found.action order by action limit 1) from found where found.action is not null
)
select action from found where action is not null

-- broken: the first entry whose hash isn't that of its content and of the entry before
select id from (
    select a.*, lag(id, 1, 0::bigint) over (order by id) as id_before, lag(hash, 1, ''::bytea) over (order by id) as hash_before
    from audit a
) chained
where id <> id_before + 1 or hash <> audit_hash(hash_before, id, at, actor, action, target, details, address)
order by id limit 1
