-- note: what was done to records
insert into record_change (act, object, record, at, actor, action, changes)
select act, object, record, at, actor, action, changes
from jsonb_to_recordset(%(rows)s::jsonb)
    as v(act uuid, object text, record bigint, at timestamptz, actor text, action text, changes jsonb)

-- of_act: what an act did, the latest first (index on act)
select act, object, record, at, actor, action, changes::text from record_change where act = %(act)s order by id desc

-- of_record: what was done to a record, the latest first (index on object, record)
select act, object, record, at, actor, action, changes::text from record_change
where object = %(object)s and record = %(record)s
order by id desc limit %(limit)s
