-- version: changes whenever suppressions may have (index on done_at)
select max(done_at) from privacy_request

-- digests: everybody who is suppressed
select digest, key_id from suppression

-- suppress: once is enough
insert into suppression (digest, namespace, request, key_id) values (%(digest)s, %(namespace)s, %(request)s, %(key_id)s)
on conflict do nothing

-- release: whoever was erased under this identifier (primary key; index on request)
delete from suppression where request in (select request from suppression where digest = %(digest)s)
