-- company: one company by its hash
select c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen from company c where c.h = %(h)s

-- companies_of: companies of these fragments, the one seen last first (index on fragment)
select c.h, c.space, c.key, c.name, min(cm.first_ts), max(cm.last_ts)
from company_member cm join company c on c.h = cm.company
where cm.fragment = any(%(fragments)s::bigint[])
group by c.h
order by max(cm.last_ts) desc, c.h
limit 100

-- people_of: who was seen in a company, the last first, up to a cap (primary key of company_member)
select p.id, p.name, p.email, max(cm.last_ts), p.company is not distinct from %(h)s
from (select * from company_member where company = %(h)s limit 10000) cm
join node n on n.h = cm.fragment
join profile p on p.id = n.prof
group by p.id
order by max(cm.last_ts) desc, p.id
limit %(limit)s

-- companies: several of them (primary key)
select c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen from company c where c.h = any(%(hashes)s::bigint[])

-- claims: what each source last said of its traits (primary key)
select space, key, doc from company where h = %(h)s

-- group_events: the group events of these fragments, the latest first (index on fragment, ts)
select source_id, message_id, body from event
where fragment = any(%(fragments)s::bigint[]) and kind = %(kind)s order by ts desc limit %(most)s
