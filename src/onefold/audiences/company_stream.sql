-- rules_in_force: against which companies are held
select a.id, v.version, v.rule::text from audience a join audience_version v on v.audience = a.id and v.version = a.live_version
where a.is_of_companies and a.trashed_at is null and a.state <> 'paused' order by a.id

-- rules_that_count: those that are or shall be in force, and ask of companies (index on those)
select v.rule::text from audience a join audience_version v on v.audience = a.id and v.version in (a.version, a.live_version)
where a.watches_companies and a.trashed_at is null and (a.state <> 'draft' or a.live_version is not null)

-- paused: whose members stay as they are
select id from audience where is_of_companies and state = 'paused' and trashed_at is null

-- note_people: the companies of these people are to be looked at (primary key)
insert into company_look (company, cause)
select distinct company, %(cause)s::smallint from profile where id = any(%(ids)b) and company is not null

-- take: companies to look at, as long as the rules are those that the caller has loaded
delete from company_look where seq = any(array(select seq from company_look order by seq limit %(limit)s))
    and (select epoch from audience_epoch) = %(epoch)s
returning company, cause, is_told

-- take_due: those whose time has come (index on due_at)
delete from company_due where company = any(array(select company from company_due where due_at <= %(now)s order by due_at limit %(limit)s))
returning company

-- load: what rules ask of companies; times in µs (primary key)
select h, name, key, (extract(epoch from first_seen) * 1000000)::bigint, (extract(epoch from last_seen) * 1000000)::bigint, traits::text
from company where h = any(%(ids)b) and head is null

-- inside: which audiences they are in (primary key, for each audience of companies)
select m.profile, m.audience from audience a join membership m on m.audience = a.id and m.profile = any(%(ids)b) where a.is_of_companies

-- count: how many of their people are in these audiences (index on profile.company, primary key of member_of)
select p.company, m.audience, count(*) from profile p join membership m on m.profile = p.id and m.audience = any(%(audiences)b)
where p.company = any(%(ids)b) group by p.company, m.audience

-- counted: how many there were
select company, audience, n from company_people where company = any(%(ids)b)

-- forget_counts: before they are written anew
delete from company_people where company = any(%(ids)b)

-- write_counts: none is no row
insert into company_people (company, audience, n) select * from unnest(%(company)b, %(audience)b, %(n)b)

-- forget_due: looked at just now
delete from company_due where company = any(%(ids)b)

-- write_due: when to look at them again
insert into company_due (company, due_at) select * from unnest(%(company)b, %(due_at)b)
on conflict (company) do update set due_at = excluded.due_at

-- counts_of_people: of people's companies how many people are in these audiences (primary keys)
select p.id, c.audience, c.n from profile p join company_people c on c.company = p.company and c.audience = any(%(audiences)b)
where p.id = any(%(ids)b)
