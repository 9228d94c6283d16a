-- moves: which profiles these identifiers were in, the first first (index on h)
select at, h, from_prof, to_prof from identity_move where h = any(%(hashes)b) order by seq limit %(limit)s

-- violations: what was wrong with a part of these messages (index on source_id, message_id)
select v.source_id, v.message_id, v.reason, v.detail
from (select distinct * from unnest(%(source_id)b, %(message_id)b) m(source_id, message_id)) m
join violation v on v.source_id = m.source_id and v.message_id = m.message_id
order by v.id limit %(limit)s
