-- users: who could own something
select username, id from accounts_user where username = any(%(names)s) and is_active

-- companies: those of them that there are, and what they lead to (primary key)
select h, coalesce(head, h) from company where h = any(%(hashes)s)
