-- company: the company that one leads to, by its hash; and what this is called there (primary key)
select c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen, said.space, said.key
from company said join company c on c.h = coalesce(said.head, said.h) where said.h = %(h)s

-- companies_of: companies of these fragments, the one seen last first (index on fragment)
select c.h, c.space, c.key, c.name, min(cm.first_ts), max(cm.last_ts)
from company_member cm join company said on said.h = cm.company join company c on c.h = coalesce(said.head, said.h)
where cm.fragment = any(%(fragments)s::bigint[])
group by c.h
order by max(cm.last_ts) desc, c.h
limit 100

-- people_of: who was seen in a company, the last first, up to a cap (primary key of company_member)
select p.id, p.name, p.email, max(cm.last_ts), p.company is not distinct from %(h)s
from (
    select * from company_member where company = any(array(select %(h)s union all select h from company where head = %(h)s))
    limit 10000
) cm
join node n on n.h = cm.fragment
join profile p on p.id = n.prof
group by p.id
order by max(cm.last_ts) desc, p.id
limit %(limit)s

-- companies: what several of them lead to (primary key)
select said.h, c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen
from company said join company c on c.h = coalesce(said.head, said.h) where said.h = any(%(hashes)s::bigint[])

-- themselves: several of them, each as it is (primary key)
select c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen from company c where c.h = any(%(hashes)s::bigint[])

-- claims: what each source last said of its traits, and of those of all that lead to it (primary key, index on head)
select space, key, doc, h from company where h = %(h)s or head = %(h)s

-- documents: of several what was said of each, and of all that lead to it (primary key, index on head)
select c.space, c.key, array(select d.doc from company d where (d.h = c.h or d.head = c.h) and d.doc is not null)
from company c where c.h = any(%(hashes)s::bigint[]) order by c.h

-- merged: what leads to a company (index on head)
select c.h, c.space, c.key, c.name, c.traits::text, c.n, c.first_seen, c.last_seen from company c where c.head = %(h)s
order by lower(c.name), c.h limit %(most)s

-- group_events: the group events of these fragments, the latest first (index on fragment, ts)
select source_id, message_id, body from event
where fragment = any(%(fragments)s::bigint[]) and kind = %(kind)s order by ts desc limit %(most)s
