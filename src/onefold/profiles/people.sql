-- newest: people by last seen, from a place in the list on (index on is_known, last_seen, id; read once for each of both)
select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key
from (
    (select * from profile where is_known and (last_seen, id) < (%(before_at)s, %(before_id)s)
     order by last_seen desc, id desc limit %(limit)s)
    union all
    (select * from profile where not is_known and (last_seen, id) < (%(before_at)s, %(before_id)s)
     order by last_seen desc, id desc limit %(limit)s)
) p left join company c on c.h = p.company
order by p.last_seen desc, p.id desc
limit %(limit)s

-- newest_known: as newest, without anonymous people (index on is_known, last_seen, id)
select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key
from profile p left join company c on c.h = p.company
where p.is_known and (p.last_seen, p.id) < (%(before_at)s, %(before_id)s)
order by p.last_seen desc, p.id desc
limit %(limit)s

-- matching: people whose search text is like one of two patterns (trigram index)
select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key
from profile_search s join profile p on p.id = s.id left join company c on c.h = p.company
where (s.search like %(pattern)s or s.search like %(other_pattern)s)
  and (p.is_known or not %(is_known)s)
  and (p.last_seen, p.id) < (%(before_at)s, %(before_id)s)
order by p.last_seen desc, p.id desc
limit %(limit)s

-- count_newest: how many people, up to a cap
select count(*) from (select from profile limit %(cap)s) capped

-- count_newest_known: how many known people, up to a cap
select count(*) from (select from profile where is_known limit %(cap)s) capped

-- count_matching: how many match, up to a cap
select count(*) from (
    select from profile_search s join profile p on p.id = s.id
    where (s.search like %(pattern)s or s.search like %(other_pattern)s) and (p.is_known or not %(is_known)s)
    limit %(cap)s
) capped
