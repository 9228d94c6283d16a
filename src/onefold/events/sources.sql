-- list: every source, oldest first
select id, slug, name, kind, user_space, lane, priority, ip_policy, allowed_origins, rate_limit, is_enabled, created_at, id_cookie
from source order by id

-- get: one source (unique index on slug)
select id, slug, name, kind, user_space, lane, priority, ip_policy, allowed_origins, rate_limit, is_enabled, created_at, id_cookie
from source where slug = %(slug)s

-- one_at_a_time: a space's namespace has its code from its first source, so sources appear in the order of their ids
lock table source in share row exclusive mode

-- create: a new source; none when the slug is taken
insert into source (slug, name, kind, user_space, lane, priority, ip_policy, allowed_origins, rate_limit, id_cookie)
values (%(slug)s, %(name)s, %(kind)s, %(user_space)s, %(lane)s, %(priority)s, %(ip_policy)s, %(allowed_origins)s, %(rate_limit)s, %(id_cookie)s)
on conflict (slug) do nothing
returning id, slug, name, kind, user_space, lane, priority, ip_policy, allowed_origins, rate_limit, is_enabled, created_at, id_cookie

-- update: all that may change
update source set name = %(name)s, lane = %(lane)s, priority = %(priority)s, ip_policy = %(ip_policy)s,
    allowed_origins = %(allowed_origins)s, rate_limit = %(rate_limit)s, is_enabled = %(is_enabled)s,
    id_cookie = %(id_cookie)s
where id = %(id)s

-- create_key: a new key
insert into source_key (source_id, kind, prefix, public_key, digest, scopes)
values (%(source_id)s, %(kind)s, %(prefix)s, %(public_key)s, %(digest)s, %(scopes)s)
returning id, source_id, kind, prefix, public_key, scopes, created_at, last_used_at, disabled_at

-- list_keys: the keys of a source, newest first (index on source_id)
select id, source_id, kind, prefix, public_key, scopes, created_at, last_used_at, disabled_at
from source_key where source_id = %(source_id)s order by id desc

-- get_key: one key, kept from changing until the transaction ends
select id, source_id, kind, prefix, public_key, scopes, created_at, last_used_at, disabled_at
from source_key where id = %(id)s for update

-- end_key: a key stops to work after so many seconds, unless it ends before
update source_key set disabled_at = least(disabled_at, now() + make_interval(secs => %(seconds)s)) where id = %(id)s

-- touch_keys: these were used; written once a minute at most
update source_key set last_used_at = now()
where id = any(%(ids)s) and (last_used_at is null or last_used_at < now() - interval '1 minute')

-- find_key: what a key opens (unique index on digest)
select k.id, k.kind, k.scopes, k.digest, k.disabled_at, s.id, s.slug, s.name, s.kind, s.user_space, s.lane, s.priority, s.ip_policy,
    s.allowed_origins, s.rate_limit, s.is_enabled, s.created_at, s.id_cookie
from source_key k join source s on s.id = k.source_id
where k.digest = %(digest)s

-- all_keys: what every key opens
select k.id, k.kind, k.scopes, k.digest, k.disabled_at, s.id, s.slug, s.name, s.kind, s.user_space, s.lane, s.priority, s.ip_policy,
    s.allowed_origins, s.rate_limit, s.is_enabled, s.created_at, s.id_cookie
from source_key k join source s on s.id = k.source_id
where k.disabled_at is null or k.disabled_at > now()
