-- next_gone: people behind one up to another who have signs, and no profile any more (primary keys)
select distinct k.person from duplicate_key k
where k.person > %(after)s and k.person <= %(until)s and not exists (select from profile p where p.id = k.person)

-- known: what profiles say of these people (primary key)
select id, name, email, phone, company from profile where id = any(%(people)s::bigint[]) and is_known

-- keys: the signs of these people (primary key)
select person, key, kind from duplicate_key where person = any(%(people)s::bigint[])

-- forget_keys: of these people
delete from duplicate_key where person = any(%(people)s::bigint[])

-- add_keys: signs of people
insert into duplicate_key (person, key, kind)
select * from unnest(%(people)s::bigint[], %(keys)s::bigint[], %(kinds)s::smallint[])

-- sharing: who has one of these signs, of each sign not more than so many (index on key)
select distinct found.person from unnest(%(keys)s::bigint[]) asked(key)
cross join lateral (select person from duplicate_key k where k.key = asked.key limit %(most)s) found

-- forget_pairs: of these people (primary key, index on b)
delete from duplicate_pair where a = any(%(people)s::bigint[]) or b = any(%(people)s::bigint[])

-- add_pairs: these people with everybody who shares a sign with them that few have (index on key)
insert into duplicate_pair (a, b, kinds)
select least(k.person, o.person), greatest(k.person, o.person), bit_or(k.kind)
from duplicate_key k join duplicate_key o on o.key = k.key and o.person <> k.person
where k.person = any(%(people)s::bigint[]) and (
    select count(*) from (select from duplicate_key m where m.key = k.key limit %(most)s + 1) few
) <= %(most)s
group by 1, 2

-- pairs: who may be one, the likeliest first, without whom somebody said to be two (index on kinds, a, b; primary keys)
select d.a, d.b, d.kinds from duplicate_pair d
join profile pa on pa.id = d.a join profile pb on pb.id = d.b
where (d.kinds, d.a, d.b) < (%(kinds)s, %(a)s, %(b)s) and {is_not_apart}
order by d.kinds desc, d.a desc, d.b desc limit %(limit)s

-- pairs_of: the same of one person (primary key, index on b)
select d.a, d.b, d.kinds from duplicate_pair d
join profile pa on pa.id = d.a join profile pb on pb.id = d.b
where (d.a = %(person)s or d.b = %(person)s) and {is_not_apart}
order by d.kinds desc, d.a desc, d.b desc limit %(limit)s
