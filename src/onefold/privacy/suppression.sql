-- version: changes whenever suppressions may have (index on changed_at), and what else means analytics
select max(changed_at), (
    select array_agg(name order by name) from consent_category c
    where purpose = 'analytics' and not exists (select from purpose where slug = c.name)
) from privacy_request

-- digests: everybody who is suppressed
select digest, key_id from suppression

-- suppress: once is enough
insert into suppression (digest, namespace, request, key_id) values (%(digest)s, %(namespace)s, %(request)s, %(key_id)s)
on conflict do nothing

-- release_all: whoever was suppressed for a request, which was only for the time of it (index on request)
delete from suppression where request = %(request)s

-- keep: an erasure under way lets nobody come back at its end whom a later one keeps away (primary key)
update privacy_request set is_suppressed = true
where done_at is null and not is_suppressed and id in (select request from suppression where digest = any(%(digests)s))

-- release: whoever was erased under this identifier (primary key; index on request); at its end, if that is under way
with theirs as (
    select r.id, r.done_at is null as is_under_way from suppression s join privacy_request r on r.id = s.request
    where s.digest = %(digest)s
), later as (
    update privacy_request set is_suppressed = false where id in (select id from theirs where is_under_way)
), freed as (
    delete from suppression where request in (select id from theirs where not is_under_way)
)
select count(*) from suppression where request in (select id from theirs)
