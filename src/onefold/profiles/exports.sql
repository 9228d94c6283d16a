-- ask: another export, unless this user has so many open
insert into people_export (owner, user_id, address, is_masked, object, path, format, has_all_columns)
select %(owner)s, %(user_id)s, %(address)s, %(is_masked)s, %(object)s, %(path)s, %(format)s, %(has_all_columns)s
where (select count(*) from people_export where user_id = %(user_id)s and state in ('waiting', 'running')) < %(most)s
returning id

-- lock: one request of a user after the other, so that the limit holds
select pg_advisory_xact_lock(hashtext('people_export'), %(user_id)s)

-- of_user: a user's exports, the latest first
select id, owner, user_id, address, is_masked, state, asked_at, ended_at, tries, total, written, size, is_cut, fault,
    object, path, format, has_all_columns
from people_export where user_id = %(user_id)s
order by asked_at desc, id
limit %(limit)s

-- one: by its id
select id, owner, user_id, address, is_masked, state, asked_at, ended_at, tries, total, written, size, is_cut, fault,
    object, path, format, has_all_columns
from people_export where id = %(id)s

-- claim: whose turn it is: the oldest that waits, or whose worker fell silent. One worker gets it
update people_export set state = 'running', tries = tries + 1, touched_at = clock_timestamp(), written = 0, size = 0, total = null
where id = (
    select id from people_export
    where state = 'waiting' or (state = 'running' and touched_at < clock_timestamp() - %(silent)s)
    order by asked_at limit 1 for update skip locked
)
returning id, owner, user_id, address, is_masked, state, asked_at, ended_at, tries, total, written, size, is_cut, fault,
    object, path, format, has_all_columns

-- clear: what an earlier try left
delete from people_export_piece where export = %(id)s

-- touch: how far it is; no row when it was taken away, or given to another worker
update people_export set touched_at = clock_timestamp(), total = %(total)s, written = %(written)s, size = %(size)s
where id = %(id)s and tries = %(tries)s and state = 'running'
returning id

-- add_piece: what comes next
insert into people_export_piece (export, n, body) values (%(id)s, %(n)s, %(body)s)

-- end: made, or not to be made
update people_export set state = %(state)s, ended_at = clock_timestamp(), is_cut = %(is_cut)s, fault = %(fault)s
where id = %(id)s and tries = %(tries)s and state = 'running'
returning id

-- next_piece: what comes after a piece (primary key)
select n, body from people_export_piece where export = %(id)s and n > %(after)s order by n limit 1

-- remove: with its pieces
delete from people_export where id = %(id)s and user_id = %(user_id)s returning id

-- remove_old: those whose time is over
delete from people_export where asked_at < clock_timestamp() - %(kept)s returning id

-- lock_all: nobody asks for one, or goes on with one, until the transaction ends; pages are shown
lock table people_export in share row exclusive mode

-- remove_all: whatever they hold
delete from people_export returning id
