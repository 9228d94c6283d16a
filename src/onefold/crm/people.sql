-- users: everybody who can or could own something
select id, username, is_active from accounts_user order by username limit %(most)s

-- reader: name and role of a user
select username, role from accounts_user where id = %(id)s
