-- lock: no other transaction changes own fields or objects until this one ends
lock table custom_object, custom_field in share row exclusive mode

-- fields: those of an object, archived ones too
select name, title, kind, options, target, currency, is_required, archived_at is not null
from custom_field where object = %(object)s order by archived_at is not null, place, id

-- leading: fields that lead to an object and aren't archived
select object, title from custom_field where kind = 'record' and target = %(object)s and archived_at is null order by id

-- add: as the last one
insert into custom_field (object, name, title, kind, options, target, currency, is_required, place)
select %(object)s, %(name)s, %(title)s, %(kind)s, %(options)s, %(target)s, %(currency)s, %(is_required)s, coalesce(max(place), 0) + 1
from custom_field where object = %(object)s

-- change: what people call it, what can be chosen, whether it is needed
update custom_field set title = %(title)s, options = %(options)s, currency = %(currency)s, is_required = %(is_required)s
where object = %(object)s and name = %(name)s

-- order: as they were given
update custom_field f set place = v.place from unnest(%(names)s::text[]) with ordinality v(name, place)
where f.object = %(object)s and f.name = v.name

-- archive: out of lists and forms, or back
update custom_field set archived_at = case when %(is)s then now() end where object = %(object)s and name = %(name)s

-- objects: all of them
select name, title, plural, icon, archived_at is not null from custom_object order by archived_at is not null, place, id

-- counts: records that aren't deleted, by object (index on object)
select o.name, (select count(*) from custom_record r where r.object = o.id and r.deleted_at is null) from custom_object o

-- add_object: as the last one
insert into custom_object (name, title, plural, icon, place)
select %(name)s, %(title)s, %(plural)s, %(icon)s, coalesce(max(place), 0) + 1 from custom_object

-- change_object: what people call it, and its picture
update custom_object set title = %(title)s, plural = %(plural)s, icon = %(icon)s where name = %(name)s

-- archive_object: with its records out of every list, or back
update custom_object set archived_at = case when %(is)s then now() end where name = %(name)s
