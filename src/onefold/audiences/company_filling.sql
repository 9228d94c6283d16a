-- unready: of these audiences those whose members are not all in yet
select id from audience where id = any(%(ids)s) and state = 'filling' order by id

-- every_company: all that there are, and those that were in
select h from company where head is null union select profile from membership where audience = %(id)s order by 1

-- companies_with: where people are in these audiences, or were when they were counted last
select p.company from membership m join profile p on p.id = m.profile and p.company is not null where m.audience = any(%(ids)s)
union select company from company_people where audience = any(%(ids)s) order by 1

-- look_at: soon; 3: the rule is new
insert into company_look (company, at, cause) select id, %(at)s, 3 from unnest(%(ids)b) v(id)

-- is_any_left: whether one of those wasn't looked at; there are few rows
select exists (select from company_look where at <= %(at)s)

-- counted_at: since when all are on the list whose people are counted
select counted_at from audience where id = %(id)s

-- note_counted: all are
update audience set counted_at = %(at)s where id = %(id)s and state = 'filling'

-- counts: of companies how many of their people are in an audience, for the engine
select p.company as company_id, count(*) as n from membership m join profile p on p.id = m.profile and p.company is not null
where m.audience = {audience} group by p.company
