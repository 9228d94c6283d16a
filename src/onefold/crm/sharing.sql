-- of_record: whom a record is shared with (unique indexes on object, record)
select s.id, u.username, t.id, coalesce(u.username, t.name), s.doing, s.shared_at, s.shared_by
from record_share s left join accounts_user u on u.id = s."user" left join sales_team t on t.id = s.team
where s.object = %(object)s and s.record = %(record)s and (s.team is null or t.archived_at is null)
order by s.team is null, lower(coalesce(u.username, t.name)), s.id

-- with_user: gives it to a user; no row = there is none of this name
insert into record_share (object, record, "user", doing, shared_by)
select %(object)s, %(record)s, u.id, %(doing)s, %(by)s from accounts_user u where u.username = %(whom)s and u.is_active
on conflict (object, record, "user") where "user" is not null
do update set doing = excluded.doing, shared_by = excluded.shared_by, shared_at = now()
returning id, (select count(*) < %(most)s from record_share o where o.object = %(object)s and o.record = %(record)s and o.id <> record_share.id)

-- with_team: gives it to a team; no row = there is none
insert into record_share (object, record, team, doing, shared_by)
select %(object)s, %(record)s, t.id, %(doing)s, %(by)s from sales_team t where t.id = %(whom)s and t.archived_at is null
on conflict (object, record, team) where team is not null
do update set doing = excluded.doing, shared_by = excluded.shared_by, shared_at = now()
returning id, (select count(*) < %(most)s from record_share o where o.object = %(object)s and o.record = %(record)s and o.id <> record_share.id)

-- remove: one share (primary key)
delete from record_share where id = %(id)s
