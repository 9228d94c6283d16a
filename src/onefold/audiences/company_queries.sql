-- members: companies of a page, by hash (primary keys), with how many people belong to each (index on company)
select m.profile, m.since, c.space, c.key, c.name, c.last_seen, (select count(*) from profile p where p.company = m.profile)
from membership m left join company c on c.h = m.profile
where m.audience = %(id)s and m.profile > %(after)s order by m.profile limit %(limit)s

-- changes: which entered and left, the newest first (index on audience, position)
select c.position, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, nullif(coalesce(nullif(o.name, ''), o.key), ''), '',
    o.space || ':' || o.key
from membership_change c left join company o on o.h = c.profile
where c.audience = %(id)s and c.position < %(before)s and (%(kinds)s::smallint[] is null or c.kind = any(%(kinds)s))
order by c.position desc limit %(limit)s

-- of_company: which audiences a company is in, and since when (index on profile)
select a.id, a.name, m.since from membership m join audience a on a.id = m.audience and a.is_of_companies
where m.profile = %(h)s order by lower(a.name)

-- sample: some companies, to be shown
select h, space, key, name, last_seen, (select count(*) from profile p where p.company = h) from company where h = any(%(ids)b)

-- reach: the people of some companies, and how many of them can be reached by what (index on company)
select count(*), count(*) filter (where email <> ''), count(*) filter (where phone <> '') from profile where company = any(%(ids)b)

-- count_of_person: how many people of somebody's company are in these audiences, by themselves too
select m.audience, count(*) from profile mine join profile p on p.company = mine.company
join membership m on m.profile = p.id and m.audience = any(%(audiences)b)
where mine.id = %(id)s group by m.audience

-- progress: of an audience that is being filled: companies yet to be looked at
select count(*) from (select from company_look where at <= (select checked_at from audience where id = %(id)s) limit 1000000) waiting
