-- next_gone: people behind one up to another who have signs, and no profile any more (primary keys)
select distinct k.person from duplicate_key k
where k.person > %(after)s and k.person <= %(until)s and not exists (select from profile p where p.id = k.person)

-- known: what profiles say of these people (primary key)
select id, name, email, phone, company from profile where id = any(%(people)s::bigint[]) and is_known

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
