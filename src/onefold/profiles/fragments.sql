-- fragments: the identifiers of a profile that head events (index on comp), the asked one first
select m.h from node n join node m on m.comp = n.comp and m.prof = n.prof
where n.h = %(h)s and m.prof = %(profile)s and m.n > 0
order by m.h <> %(h)s, m.n desc
limit %(limit)s
