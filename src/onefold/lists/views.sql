-- visible: one's own views, those of one's team and everybody's, in the order of their tabs
select id, owner, name, address, seen_by, place from saved_view
where object = %(object)s and deleted_at is null and {is_visible}
order by place, id
limit %(limit)s

-- one: a view that one may see, also when it was just deleted
select id, owner, name, address, seen_by, place from saved_view
where id = %(id)s and object = %(object)s and {is_visible}

-- add: keep a list, as the last tab
insert into saved_view (object, owner, name, address, seen_by, place)
select %(object)s, %(owner)s, %(name)s, %(address)s, %(seen_by)s, coalesce(max(place), 0) + 1 from saved_view
where object = %(object)s
returning id

-- replace: another address
update saved_view set address = %(address)s where id = %(id)s

-- rename: another name, and who sees it
update saved_view set name = %(name)s, seen_by = %(seen_by)s where id = %(id)s

-- move: another place among the tabs
update saved_view set place = %(place)s where id = %(id)s

-- space: tabs one apart again, in the same order, so that there is always room between two (all rows: some tens a user)
update saved_view v set place = spaced.n
from (select id, row_number() over (partition by object order by place, id) as n from saved_view) spaced
where v.id = spaced.id and v.place <> spaced.n

-- lock: one adds or moves a view after the other, so that the limit and the order hold
select pg_advisory_xact_lock(hashtext('saved_view'))

-- set_deleted: gone, or there again
update saved_view set deleted_at = case when %(is_deleted)s then now() end where id = %(id)s

-- kept: where every view leads, whosever it is, those of some objects (all rows: some tens a user)
select object, owner, name, address, seen_by from saved_view
where deleted_at is null and object = any(%(objects)s) order by object, place, id limit %(limit)s
