-- of_deals: whom deals are done with (primary key)
select id, person, company from deal where id = any(%(ids)s)

-- companies_of: the company of whoever each anchor leads to (primary keys)
select n.h, p.company from node n join profile p on p.id = n.prof where n.h = any(%(anchors)s) and p.company is not null

-- companies: how events name companies (primary key)
select h, space, key from company where h = any(%(hashes)s)

-- usernames: what users are called (primary key)
select id, username from accounts_user where id = any(%(ids)s)
