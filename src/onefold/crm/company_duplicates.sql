-- take: companies to look at; those that another looks at are its own
delete from company_to_compare
where seq = any(array(select seq from company_to_compare order by seq limit %(most)s for update skip locked))
returning company

-- compare_all: all that there are, and those that have signs
insert into company_to_compare (company) select h from company union select company from company_duplicate_key

-- alone: nobody else writes pairs until this transaction ends
lock table company_duplicate_pair in share row exclusive mode

-- known: what is said of companies that lead nowhere else (primary key)
select h, name, traits ->> 'domain', traits ->> 'phone' from company where h = any(%(hashes)s::bigint[]) and head is null

-- pairs: which may be one, the likeliest first, without those that somebody said to be two (primary keys)
select d.a, d.b, d.kinds from company_duplicate_pair d
join company ca on ca.h = d.a join company cb on cb.h = d.b
where (d.kinds, d.a, d.b) < (%(kinds)s, %(a)s, %(b)s) and d.b <> all(ca.apart) and d.a <> all(cb.apart)
order by d.kinds desc, d.a desc, d.b desc limit %(limit)s

-- pairs_of: the same of one company (primary key, index on b)
select d.a, d.b, d.kinds from company_duplicate_pair d
join company ca on ca.h = d.a join company cb on cb.h = d.b
where (d.a = %(company)s or d.b = %(company)s) and d.b <> all(ca.apart) and d.a <> all(cb.apart)
order by d.kinds desc, d.a desc, d.b desc limit %(limit)s
