-- companies: what they, or those that they were merged into, are called (primary key)
select said.h, c.space, c.key, c.name from company said join company c on c.h = coalesce(said.head, said.h)
where said.h = any(%(hashes)s)
