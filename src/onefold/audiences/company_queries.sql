-- members: companies of a page, as of people, with how many people belong to each (index on company)
select m.profile, m.since, c.space, c.key, c.name, c.last_seen, (select count(*) from profile p where p.company = m.profile)
from ({page}) page cross join lateral (select profile, since from membership where audience = %(id)s and profile = page.profile) m
left join company c on c.h = m.profile order by m.profile

-- changes: which entered and left, the newest first
with asked as materialized ({newest})
select c.position, c.profile, c.kind, c.at, c.cause, c.event, c.version, c.other, nullif(coalesce(nullif(o.name, ''), o.key), ''), '',
    o.space || ':' || o.key
from asked join membership_change c on c.position = asked.position and c.audience = %(id)s left join company o on o.h = c.profile
order by c.position desc

-- of_company: which audiences a company is in, and since when (primary key, for each audience)
select a.id, a.name, m.since from audience a join membership m on m.audience = a.id and m.profile = %(h)s
where a.is_of_companies order by lower(a.name)

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
