-- tell: a notification, unless one of its cause is open: that one follows what is told now
insert into notification (key, user_id, tone, title, body, params, url)
values (%(key)s, %(user_id)s, %(tone)s, %(title)s, %(body)s, %(params)s, %(url)s)
on conflict (key, coalesce(user_id, 0)) where ended_at is null
do update set tone = excluded.tone, title = excluded.title, body = excluded.body, params = excluded.params, url = excluded.url
where (notification.tone, notification.title, notification.body, notification.params, notification.url)
   is distinct from (excluded.tone, excluded.title, excluded.body, excluded.params, excluded.url)

-- end_others: whatever of these causes is not among the present ones is over
update notification set ended_at = now()
where ended_at is null and user_id is null and key like %(prefix)s || '%%' and not key = any(%(keys)s)

-- end: these causes are gone
update notification set ended_at = now() where ended_at is null and key = any(%(keys)s)

-- list: a user's notifications, the latest first (primary key)
select n.id, n.key, n.tone, n.title, n.body, n.params, n.url, n.at, n.ended_at, s.user_id is not null
from notification n left join notification_seen s on s.notification_id = n.id and s.user_id = %(user_id)s
where (n.user_id is null or n.user_id = %(user_id)s) and n.id < %(before)s
order by n.id desc limit %(limit)s

-- count_unseen: how many a user hasn't seen, up to a hundred
select count(*) from (
    select from notification n
    where (n.user_id is null or n.user_id = %(user_id)s) and n.ended_at is null
      and not exists (select from notification_seen s where s.notification_id = n.id and s.user_id = %(user_id)s)
    limit 100
) unseen

-- see: a user has seen these, of those that are for them
insert into notification_seen (notification_id, user_id)
select n.id, %(user_id)s from notification n
where n.id = any(%(ids)s) and (n.user_id is null or n.user_id = %(user_id)s)
on conflict do nothing

-- see_all: a user has seen all of the newest thousand
insert into notification_seen (notification_id, user_id)
select id, %(user_id)s from (
    select id from notification where user_id is null or user_id = %(user_id)s order by id desc limit 1000
) newest
on conflict do nothing

-- unsee: a user wants to see it again
delete from notification_seen where notification_id = %(id)s and user_id = %(user_id)s

-- visit: a user looks at a record; when their visit before this one was. Written once a minute at most (primary key)
with known as (
    select at, before from record_seen where user_id = %(user_id)s and subject = %(subject)s
), written as (
    insert into record_seen (user_id, subject, at)
    select %(user_id)s, %(subject)s, %(now)s
    where not exists (select from known where at > %(now)s::timestamptz - interval '1 minute')
    on conflict (user_id, subject) do update set
        before = case when excluded.at - record_seen.at > %(pause)s then record_seen.at else record_seen.before end,
        at = excluded.at
    returning before
)
select case when exists (select from written) then (select before from written) else (select before from known) end
