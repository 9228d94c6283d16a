-- companies: by a part of name or key (trigram index), those that begin with it first
select space, key, name from company
where lower(name || ' ' || key) like %(pattern)s
order by lower(name) not like %(start)s, lower(name), h
limit %(most)s
