-- users: who may sign in, of these names
select id, username from accounts_user where username = any(%(names)s) and is_active

-- roles: who they are and what they may, of those who may sign in (primary key)
select id, username, role, personal_data from accounts_user where id = any(%(ids)s) and is_active

-- forget_mentions: those whom a text doesn't name any more
delete from mention m using unnest(%(records)s::bigint[]) r(record)
where m.object = %(object)s and m.record = r.record
    and not exists (
        select from jsonb_to_recordset(%(rows)s::jsonb) v(record bigint, "user" bigint)
        where v.record = m.record and v."user" = m."user"
    )

-- note_mentions: whom texts name; those that are new
insert into mention (object, record, "user", name)
select %(object)s, record, "user", name from jsonb_to_recordset(%(rows)s::jsonb) v(record bigint, "user" bigint, name text)
on conflict do nothing returning record, "user"

-- mentions_of: what texts call users, and what they are called today (primary key)
select m.record, m.name, u.username from mention m join accounts_user u on u.id = m."user"
where m.object = %(object)s and m.record = any(%(ids)s)

-- due_reminders: tasks of which somebody shall be told now (index on remind_at); locked, for two may look at once
select t.id, t.name, t.owner, t.remind_at from task t
where t.remind_at <= %(now)s and t.reminded_at is null and t.done_at is null and t.deleted_at is null
order by t.remind_at limit %(limit)s for update skip locked

-- note_reminded: they were told
update task set reminded_at = %(now)s where id = any(%(ids)s)
