-- begin: how far people were joined; nothing while another does it
select position from company_joining for update skip locked

-- given: no event has a later position yet
select coalesce(pg_sequence_last_value('event_position'), 0)

-- first_after: the first event after a position (index on position)
select min(position) from event where position > %(after)s

-- seen: whom the next events belong to, and group events among them (index on position)
select max(position), array_agg(distinct fragment), coalesce(array_agg(distinct fragment) filter (where kind = %(group)s), '{}')
from event where position > %(after)s and position <= %(until)s

-- move: the new position
update company_joining set position = %(position)s

-- people: who these fragments are today, if their e-mail is known (primary keys)
select s.id, s.by_email from profile_search s
where s.by_email <> '' and s.id = any(array(select distinct n.prof from node n where n.h = any(%(fragments)s::bigint[])))

-- people_at: people at a domain, from one on (index profile_search_domain)
select id, by_email from profile_search
where by_email <> '' and split_part(by_email, '@', 2) = %(domain)s and id > %(after)s order by id limit %(most)s

-- changed: of the companies that these group events name those whose domain isn't the one they were joined by
select c.h, {domain} from company c left join company_joined j on j.company = c.h
where c.traits ? 'domain' and j.domain is distinct from {domain}
    and c.h = any(array(
        select company from company_member where fragment = any(%(fragments)s::bigint[]) union select unnest(%(fragments)s::bigint[])
    ))

-- all_changed: the same of all companies
select c.h, {domain} from company c left join company_joined j on j.company = c.h
where c.traits ? 'domain' and j.domain is distinct from {domain} limit %(most)s

-- want: people at these domains are to be looked for
insert into company_joined (company, domain, after)
select * from unnest(%(companies)s::bigint[], %(domains)s::text[], %(afters)s::bigint[])
on conflict (company) do update set domain = excluded.domain, after = excluded.after

-- forget_gone: companies of which no event is left
delete from company_joined j where not exists (select from company c where c.h = j.company)

-- wanted: one of the companies whose people are being looked for
select j.company, j.domain, j.after from company_joined j where j.after is not null order by j.company limit 1

-- went: how far that is
update company_joined set after = %(after)s where company = %(company)s

-- companies_at: companies by domain, and how far people were looked for there (index company_domain)
select h, space, key, j.domain, j.after from company c join company_joined j on j.company = c.h and j.domain = {domain}
where c.traits ? 'domain' and {domain} = any(%(domains)s)

-- companies: these, as far as there are (primary key)
select h, space, key, {domain} from company c where c.h = any(%(hashes)s) and c.traits ? 'domain'

-- addresses: whose these identifiers are (primary key)
select h, prof, rcv from node where h = any(%(hashes)s::bigint[]) and fl & %(mute)s = 0

-- members: which of these people are in which of these companies (indexes on comp, fragment)
select distinct a.h, cm.company
from node a join node m on m.comp = a.comp and m.prof = a.prof join company_member cm on cm.fragment = m.h
where a.h = any(%(people)s::bigint[]) and cm.company = any(%(companies)s::bigint[])

-- taken_back: which of these events were (primary key)
select id from retraction where id = any(%(ids)s::uuid[])
