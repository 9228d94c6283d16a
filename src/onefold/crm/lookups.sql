-- companies: by a part of name or key (trigram index), those that begin with it first
select space, key, name from company
where head is null and lower(name || ' ' || key) like %(pattern)s
order by lower(name) not like %(start)s, lower(name), h
limit %(most)s

-- users: who may sign in, by the beginning of their name (some hundreds of users)
select username from accounts_user where is_active and lower(username) like %(start)s order by username limit %(most)s
