-- listeners: endpoints that are told things, and as whom (few rows)
select e.id, e.events, u.username, u.role, u.personal_data
from webhook_endpoint e join accounts_user u on u.id = e.acts_as and u.is_active
where e.removed_at is null and e.paused_for <> 'gone' order by e.id

-- queue: messages, in their order
insert into webhook_delivery (endpoint, message, event, object, record, body)
select v.endpoint, v.message, v.event, v.object, v.record, v.body
from jsonb_to_recordset(%(rows)s::jsonb)
    as v(n int, endpoint bigint, message text, event text, object text, record bigint, body text)
order by v.n

-- claim: what is due, a few of each endpoint, none before an earlier one about the same record (index on endpoint, next_at)
update webhook_delivery d
set claimed_until = now() + make_interval(secs => %(claim_s)s), tries = d.tries + 1
from (
    select found.id, e.url, e.secret, case when e.old_until > now() then e.old_secret end as old_secret
    from webhook_endpoint e cross join lateral (
        select w.id, w.next_at from webhook_delivery w
        where w.endpoint = e.id and w.state = 'waiting' and w.next_at <= now()
            and (w.claimed_until is null or w.claimed_until < now())
            and not exists (
                select from webhook_delivery b
                where b.endpoint = w.endpoint and b.object = w.object and b.record = w.record and b.id < w.id
                    and b.state = 'waiting'
            )
        order by w.next_at, w.id limit %(each)s for update skip locked
    ) found
    where e.paused_at is null and e.removed_at is null
    order by found.next_at, found.id limit %(most)s
) due
where d.id = due.id
returning d.id, d.endpoint, d.message, d.body, d.tries, due.url, due.secret, due.old_secret

-- attempted: what came of an attempt
insert into webhook_attempt (delivery, duration_ms, status, fault, response)
select id, %(duration_ms)s, %(status)s, %(fault)s, %(response)s from webhook_delivery where id = %(delivery)s

-- settle: the message's state after it; one that somebody else has claimed meanwhile stays theirs
update webhook_delivery
set state = %(state)s, claimed_until = null,
    next_at = case when %(pause_s)s::float8 is null then next_at else now() + make_interval(secs => %(pause_s)s) end
where id = %(delivery)s and state = 'waiting' and tries = %(tries)s

-- arrived: its endpoint works
update webhook_endpoint set failing_since = null where id = %(endpoint)s and failing_since is not null

-- failed: since when its endpoint doesn't
update webhook_endpoint set failing_since = coalesce(failing_since, now())
where id = %(endpoint)s
returning name, failing_since < now() - %(patience)s::interval and paused_at is null

-- pause: nothing is sent; messages go on waiting
update webhook_endpoint set paused_at = now(), paused_for = %(why)s
where id = %(endpoint)s and removed_at is null and paused_at is null returning name

-- resume: what waits goes now
update webhook_endpoint set paused_at = null, paused_for = '', failing_since = null
where id = %(endpoint)s and removed_at is null and paused_at is not null returning name

-- hurry: what waits of an endpoint is due
update webhook_delivery set next_at = now() where endpoint = %(endpoint)s and state = 'waiting'

-- add: an endpoint
insert into webhook_endpoint (name, url, events, acts_as, secret, created_by)
select %(name)s, %(url)s, %(events)s::text[], u.id, %(secret)s, %(by)s
from accounts_user u where u.username = %(acts_as)s and u.is_active returning id

-- change: its name, address and events
update webhook_endpoint set name = %(name)s, url = %(url)s, events = %(events)s::text[]
where id = %(endpoint)s and removed_at is null returning name

-- rotate: another secret; the one before signs as well for a while
update webhook_endpoint set old_secret = secret, old_until = now() + %(overlap)s::interval, secret = %(secret)s
where id = %(endpoint)s and removed_at is null returning name

-- remove: never again; its messages stay to be seen until they are old
update webhook_endpoint set removed_at = now() where id = %(endpoint)s and removed_at is null returning name

-- drop_waiting: of an endpoint that was removed
update webhook_delivery set state = 'failed' where endpoint = %(endpoint)s and state = 'waiting'

-- redeliver: once more, with the same id
update webhook_delivery set state = 'waiting', tries = 0, next_at = now(), claimed_until = null
where id = %(delivery)s and endpoint = %(endpoint)s and state <> 'waiting' returning message

-- count: endpoints there are
select count(*) from webhook_endpoint where removed_at is null

-- endpoints: with what waits, and when something last arrived
select e.id, e.name, e.url, e.events, u.username, e.paused_at, e.paused_for, e.failing_since, e.old_until,
    (select count(*) from (
        select from webhook_delivery d where d.endpoint = e.id and d.state = 'waiting' limit %(most)s
    ) w),
    (select max(a.at) from webhook_attempt a join webhook_delivery d on d.id = a.delivery
     where d.endpoint = e.id and d.id in (select id from webhook_delivery where endpoint = e.id order by id desc limit 50))
from webhook_endpoint e join accounts_user u on u.id = e.acts_as
where e.removed_at is null and (%(endpoint)s::bigint is null or e.id = %(endpoint)s)
order by lower(e.name), e.id

-- deliveries: of an endpoint, the latest first (index on endpoint, id)
select d.id, d.message, d.event, d.object, d.record, d.state, d.tries, d.next_at, d.created_at, d.body
from webhook_delivery d
where d.endpoint = %(endpoint)s and d.id < %(before)s and (%(state)s = '' or d.state = %(state)s)
order by d.id desc limit %(limit)s

-- attempts: of messages (index on delivery)
select delivery, at, duration_ms, status, fault, response from webhook_attempt
where delivery = any(%(deliveries)s) order by id

-- delete_old: what was written long ago, with its attempts (index on created_at)
delete from webhook_delivery where id in (
    select id from webhook_delivery where created_at < %(before)s order by created_at limit %(chunk)s
)
