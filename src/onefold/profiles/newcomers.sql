-- new_people: people by when they were first seen (index on first_seen, which holds is_known as well)
select date_bin(%(step)s, first_seen, %(since)s), count(*), count(*) filter (where is_known)
from profile where first_seen >= %(since)s and first_seen < %(until)s
group by 1 order by 1

-- has_known: whether anybody is known (index on is_known, last_seen, id)
select exists (select from profile where is_known)
