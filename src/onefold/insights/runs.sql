-- begin: somebody asks; what is older than the days that runs are kept goes (index on asked_at)
with gone as (delete from sql_run where asked_at < now() - %(kept)s)
insert into sql_run (id, owner, sql) values (%(id)s, %(owner)s, %(sql)s) on conflict do nothing returning id

-- end: what became of it
update sql_run set ended_at = now(), outcome = %(outcome)s, rows = %(rows)s, seconds = %(seconds)s where id = %(id)s

-- cancel: one's own
update sql_run set is_cancel_asked = true where id = %(id)s and owner = %(owner)s and ended_at is null returning id

-- is_cancelled: whether it shall stop
select is_cancel_asked from sql_run where id = %(id)s

-- recent: one's own, the latest first, each text once (index on owner, asked_at; bounded by the days they are kept)
select id, sql, asked_at, outcome, rows, seconds from (
    select distinct on (sql) id, sql, asked_at, outcome, rows, seconds from sql_run
    where owner = %(owner)s order by sql, asked_at desc
) latest
order by asked_at desc limit %(limit)s

-- one: of somebody
select id, sql, asked_at, outcome, rows, seconds from sql_run where id = %(id)s and owner = %(owner)s

-- texts: of everybody (a scan of a small table)
select id, sql from sql_run

-- forget: by id
delete from sql_run where id = any(%(ids)s)
