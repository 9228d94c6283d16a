-- a_way_that_leads_elsewhere: each stay ends when the next begins, and the last is where the deal stands
select d.id from deal d where not (
    select bool_and(is_right) and count(*) filter (where left_at is null) = 1 from (
        select coalesce(left_at = lead(entered_at) over way, stage = d.stage and entered_at = d.stage_at) as is_right, left_at
        from deal_stay where deal = d.id window way as (order by entered_at)
    ) stays
)

-- a_way_that_begins_elsewhen: with the deal
select d.id from deal d where d.created_at <> (select min(entered_at) from deal_stay where deal = d.id)

-- a_stage_of_another_pipeline: or a state that isn't its stage's
select d.id from deal d join stage s on s.id = d.stage where s.pipeline <> d.pipeline or s.state <> d.state

-- an_end_without_a_reason: what is lost has one, what is won or lost was closed, in the past
select id from deal
where (state <> 'open') <> (closed_at is not null) or closed_at <> stage_at or stage_at > now()
    or (state = 'lost') <> (lost_reason <> '') or active_at > now()

-- a_sum_that_is_not_its_lines: to the cent
select d.id from deal d join deal_item i on i.deal = d.id
group by d.id having sum(round(i.quantity * i.price * (100 - i.discount) / 100, 2)) <> d.amount

-- a_line_without_a_product: of a code that nobody sells
select id from deal_item where product is null

-- an_amount_that_is_not_converted: half a cent is rounding
select d.id from deal d left join exchange_rate e using (currency)
where d.home_amount is null or abs(d.home_amount - d.amount * coalesce(e.rate, 1)) > 0.005

-- a_person_of_another_company: or of none, or who isn't there
select d.id from deal d left join node n on n.h = d.person left join profile p on p.id = n.prof
where p.company is distinct from d.company or not exists (select from company c where c.h = d.company)

-- a_part_of_nobody: others with a part in a deal are colleagues, and not the one it is done with
select o.record from record_person o join deal d on d.id = o.record
left join node n on n.h = o.person left join profile p on p.id = n.prof
where p.company is distinct from d.company or o.role = '' or o.person = d.person

-- an_activity_with_somebody_else: or before or after the deal
select w.id from activity w left join deal d on d.id = w.deal
where w.person is distinct from d.person or w.company is distinct from d.company or w.at > d.active_at
    or w.at not between d.created_at and coalesce(d.closed_at, now())
    or w.created_at not between d.created_at and coalesce(d.closed_at, now())

-- a_task_for_somebody_else: or before or after the deal, or of a deal that is over
select w.id from task w left join deal d on d.id = w.deal
where w.person is distinct from d.person or w.company is distinct from d.company
    or w.created_at not between d.created_at and coalesce(d.closed_at, now())
    or w.done_at not between w.created_at and now() or (w.done_at is null and d.state <> 'open')

-- a_next_task_that_is_not: the first that is open
select d.id from deal d
where next_task_at is distinct from (select min(due_at) from task t where t.deal = d.id and t.done_at is null)

-- an_owner_who_did_not_make_it: each writes their own
select d.id from deal d left join accounts_user u on u.id = d.owner where d.created_by is distinct from 'user:' || u.username

-- a_history_of_another_time: of every deal when it was made
select d.id from deal d left join record_change c on c.object = 'deal' and c.record = d.id and c.action = 'created'
where c.at is distinct from d.created_at

-- a_fact_of_another_time: that something was won is told as of then
select d.id from deal d where d.state = 'won'
    and not exists (select from event e where e.source_id = 1 and e.name = 'Deal Won' and e.ts = d.closed_at)

-- a_transcript_of_nobody: who wasn't reached said nothing
select id from activity where (kind = 'call' and outcome = 'connected') <> (transcript <> '')
    or (transcript <> '' and (duration_s is null or duration_s < 1 or transcript like '%%{%%'))
