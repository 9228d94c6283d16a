-- users: who could own something
select username, id from accounts_user where username = any(%(names)s) and is_active

-- companies: those of them that there are (primary key)
select h from company where h = any(%(hashes)s)
