-- keep_next: when the first open task of each deal is due (index on deal, due_at); null = it has none with a date
update deal d set next_task_at = found.due_at
from (
    select asked.deal, (
        select min(t.due_at) from task t where t.deal = asked.deal and t.done_at is null and t.deleted_at is null
    ) as due_at
    from unnest(%(deals)s::bigint[]) asked(deal)
) found
where d.id = found.deal and d.next_task_at is distinct from found.due_at

-- deals_of: which deals these tasks belong to (primary key)
select distinct deal from task where id = any(%(ids)s) and deal is not null

-- remind_again: as if nobody had been reminded
update task set reminded_at = null where id = any(%(ids)s)
