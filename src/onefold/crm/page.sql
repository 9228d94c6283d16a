-- users: who could own something
select username from accounts_user where is_active order by username limit %(most)s
