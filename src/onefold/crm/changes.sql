-- note: what one act did to records of an object
insert into record_change (act, object, record, actor, action, changes)
select %(act)s, %(object)s, v.record, %(actor)s, %(action)s, v.changes
from jsonb_to_recordset(%(rows)s::jsonb) as v(record bigint, changes jsonb)

-- of_act: what an act did, the latest first (index on act)
select act, object, record, at, actor, action, changes::text from record_change where act = %(act)s order by id desc

-- of_record: what was done to a record, the latest first (index on object, record)
select act, object, record, at, actor, action, changes::text from record_change
where object = %(object)s and record = %(record)s
order by id desc limit %(limit)s
