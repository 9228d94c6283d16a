-- companies_of: which companies these fragments belong to, as those lead now (index on fragment, primary key)
select m.fragment, coalesce(c.head, m.company), m.first_ts, m.last_ts
from company_member m left join company c on c.h = m.company where m.fragment = any(%(fragments)b)

-- write_profiles: a row that says the same isn't touched. It is read first, because ON CONFLICT would lock it, which writes
insert into profile (id, name, email, phone, company, traits, is_known, first_seen, last_seen)
select v.id, v.name, v.email, v.phone, v.company, v.traits::jsonb, v.is_known, v.first_seen, v.last_seen
from unnest(%(id)b, %(name)b, %(email)b, %(phone)b, %(company)b, %(traits)b, %(is_known)b, %(first_seen)b, %(last_seen)b)
    v(id, name, email, phone, company, traits, is_known, first_seen, last_seen)
left join profile p on p.id = v.id
where (p.name, p.email, p.phone, p.company, p.traits, p.is_known, p.first_seen, p.last_seen)
      is distinct from (v.name, v.email, v.phone, v.company, v.traits::jsonb, v.is_known, v.first_seen, v.last_seen)
on conflict (id) do update set name = excluded.name, email = excluded.email, phone = excluded.phone, company = excluded.company,
    traits = excluded.traits, is_known = excluded.is_known, first_seen = excluded.first_seen, last_seen = excluded.last_seen
returning id

-- write_search: what the same people are found and sorted by
insert into profile_search (id, search, by_name, by_email)
select v.id, v.search, v.by_name, v.by_email
from (
    select id, search, normalize(lower(left(name, 80)), NFKD), lower(left(email, 120))
    from unnest(%(id)b, %(search)b, %(name)b, %(email)b) u(id, search, name, email)
) v(id, search, by_name, by_email)
left join profile_search p on p.id = v.id
where (p.search, p.by_name, p.by_email) is distinct from (v.search, v.by_name, v.by_email)
on conflict (id) do update set search = excluded.search, by_name = excluded.by_name, by_email = excluded.by_email

-- write_traits: what lists filter the same people by
insert into profile_traits (id, traits)
select v.id, v.traits::jsonb
from unnest(%(id)b, %(traits)b) v(id, traits)
left join profile_traits p on p.id = v.id
where p.traits is distinct from v.traits::jsonb
on conflict (id) do update set traits = excluded.traits

-- delete_profiles: ids that no cluster has any more
delete from profile where id = any(%(ids)b)

-- delete_search: the same
delete from profile_search where id = any(%(ids)b)

-- delete_traits: the same
delete from profile_traits where id = any(%(ids)b)

-- widen_seen: people seen again, of whom nothing else changed
update profile set
    first_seen = least(profile.first_seen, v.first_seen),
    last_seen = greatest(profile.last_seen, v.last_seen)
from unnest(%(id)b, %(first_seen)b, %(last_seen)b) v(id, first_seen, last_seen)
where profile.id = v.id

-- load_companies: documents of companies (primary key)
select h, doc, n, first_seen, last_seen from company where h = any(%(hashes)b) for update

-- write_companies: whole rows
insert into company (h, space, key, name, traits, doc, n, first_seen, last_seen, merged_into, apart)
select h, space, key, name, traits::jsonb, doc, n,
       first_seen, last_seen, merged_into, apart::bigint[]
from unnest(%(h)b, %(space)b, %(key)b, %(name)b, %(traits)b, %(doc)b, %(n)b, %(first_seen)b, %(last_seen)b,
    %(merged_into)b, %(apart)b) v(h, space, key, name, traits, doc, n, first_seen, last_seen, merged_into, apart)
on conflict (h) do update set name = excluded.name, traits = excluded.traits, doc = excluded.doc, n = excluded.n,
    first_seen = excluded.first_seen, last_seen = excluded.last_seen, merged_into = excluded.merged_into,
    apart = excluded.apart

-- write_members: first and last time a fragment was seen in a company
insert into company_member (company, fragment, first_ts, last_ts)
select * from unnest(%(company)b, %(fragment)b, %(first_ts)b, %(last_ts)b)
on conflict (company, fragment) do update set first_ts = least(company_member.first_ts, excluded.first_ts),
    last_ts = greatest(company_member.last_ts, excluded.last_ts)

-- delete_companies: companies of which no event is left
delete from company where h = any(%(hashes)b)

-- delete_member_rows: single memberships
delete from company_member using unnest(%(company)b, %(fragment)b) gone(company, fragment)
where company_member.company = gone.company and company_member.fragment = gone.fragment

-- delete_members: memberships of companies, before they are written anew
delete from company_member where company = any(%(companies)b)

-- companies_with: in which these fragments were ever seen (index on fragment)
select distinct c.h, c.space, c.key from company_member m join company c on c.h = m.company where m.fragment = any(%(fragments)b)

-- members_of: fragments that were ever seen in these companies
select distinct fragment from company_member where company = any(%(companies)b)
