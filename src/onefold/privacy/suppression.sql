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

-- release: whoever was erased under this identifier (primary key; index on request)
delete from suppression where request in (select request from suppression where digest = %(digest)s)
