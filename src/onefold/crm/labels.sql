-- companies: what they are called (primary key)
select h, space, key, name from company where h = any(%(hashes)s)
