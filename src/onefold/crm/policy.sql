-- all: what isn't usual
select role, object, doing, reach from record_policy

-- fields: what isn't edited by whoever may edit the record
select role, object, field, may from field_policy

-- set: how far a role may do something
insert into record_policy (role, object, doing, reach) values (%(role)s, %(object)s, %(doing)s, %(reach)s)
on conflict (role, object, doing) do update set reach = excluded.reach

-- unset: as it is usual
delete from record_policy where role = %(role)s and object = %(object)s and doing = %(doing)s

-- set_field: a field that a role doesn't see, or only sees
insert into field_policy (role, object, field, may) values (%(role)s, %(object)s, %(field)s, %(may)s)
on conflict (role, object, field) do update set may = excluded.may

-- free_field: a field is edited like others
delete from field_policy where role = %(role)s and object = %(object)s and field = %(field)s
