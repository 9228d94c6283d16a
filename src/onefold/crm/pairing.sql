-- keys: the signs of these (primary key)
select {id}, key, kind from {keys} where {id} = any(%(ids)s::bigint[])

-- forget_keys: of these
delete from {keys} where {id} = any(%(ids)s::bigint[])

-- add_keys: signs of some
insert into {keys} ({id}, key, kind)
select * from unnest(%(ids)s::bigint[], %(keys)s::bigint[], %(kinds)s::smallint[])

-- sharing: who has one of these signs, of each sign not more than so many (index on key)
select distinct found.{id} from unnest(%(keys)s::bigint[]) asked(key)
cross join lateral (select {id} from {keys} k where k.key = asked.key limit %(most)s) found

-- forget_pairs: of these (primary key, index on b)
delete from {pairs} where a = any(%(ids)s::bigint[]) or b = any(%(ids)s::bigint[])

-- add_pairs: these with all that share a sign with them that few have (index on key)
insert into {pairs} (a, b, kinds)
select least(k.{id}, o.{id}), greatest(k.{id}, o.{id}), bit_or(k.kind)
from {keys} k join {keys} o on o.key = k.key and o.{id} <> k.{id}
where k.{id} = any(%(ids)s::bigint[]) and (
    select count(*) from (select from {keys} m where m.key = k.key limit %(most)s + 1) few
) <= %(most)s
group by 1, 2
