-- users: 48 more: three in four sell, one in eight leads
insert into accounts_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined, role, personal_data, language, time_zone, theme, density, session_epoch)
select '!', false, format('seller-%%s', n), '', '', '', false, true, now(),
    case when n %% 8 = 0 then 'manager' when n %% 8 = 1 then 'editor' else 'sales' end, 'shown', '', '', 'auto', 'normal', 0
from generate_series(1, 48) n

-- teams: two, each with three below it
insert into sales_team (name, parent)
select format('Team %%s', n), case when n > 2 then (select min(id) from sales_team) + n %% 2 end from generate_series(1, %(n)s) n

-- members: everybody is in one
insert into sales_team_member (team, "user")
select (select min(id) from sales_team) + row_number() over (order by id) %% 8, id from accounts_user

-- field: one more of deals
insert into custom_field (object, name, title, kind, options, place)
values ('deal', %(name)s, %(name)s, %(kind)s, %(options)s, %(place)s)

-- pipeline: the second
insert into pipeline (name, place) values ('Partners', 2)

-- stages: as those of the first
insert into stage (pipeline, name, place, state, probability, required, checklist, stale_days)
select (select max(id) from pipeline), name, place, state, probability, required, checklist, stale_days
from stage where pipeline = (select min(id) from pipeline)

-- join_companies: two in three people are in a company, a few companies have very many
update profile p set company = c.h
from (select id, floor(%(companies)s * random() ^ 2)::int as n from profile where random() < 0.67) w
join firm c on c.n = w.n where p.id = w.id

-- memberships: as group events would have made them
insert into company_member (company, fragment, first_ts, last_ts)
select company, id, 1, 1 from profile where company is not null

-- whom: people by number
create temp table whom as select row_number() over (order by id) - 1 as n, id as h, company from profile

-- owners: who sells, by number; the first have most
create temp table owners as select row_number() over (order by id) - 1 as n, id from accounts_user

-- steps: stages by number: three deals in ten are open
create temp table steps as
select n, s.* from (
    select row_number() over (partition by pipeline order by place) as rank, row_number() over (order by pipeline) > 6 as is_second, *
    from stage
) s join lateral unnest(case rank when 1 then '{0,1}'::int[] when 2 then '{2}' when 3 then '{3}' when 4 then '{4}'
    when 5 then '{5,6,7,8,9,10}' else '{11,12,13}' end) n on true

-- deals: of three years, the owners' and people's shares uneven
insert into deal (name, pipeline, stage, state, amount, currency, home_amount, weighted, close_on, closed_at, owner, person,
    company, source, lost_reason, next_step, stage_at, active_at, custom, created_at, created_by, updated_at)
select format('%%s %%s for %%s', (array['Renewal', 'Licences', 'Rollout', 'Pilot', 'Upgrade', 'Training'])[1 + g %% 6], g,
        coalesce(f.name, 'somebody')),
    s.pipeline, s.id, s.state, d.amount, 'EUR', d.amount, round(d.amount * s.probability / 100, 2),
    (d.made + interval '60 days')::date, case when s.state <> 'open' then least(d.made + d.took, now()) end,
    o.id, w.h, w.company, (array['website', 'referral', 'event', 'outbound', 'partner'])[1 + g %% 5],
    case when s.state = 'lost' then 'price' else '' end, '', least(d.made + d.took, now()), least(d.made + d.took, now()),
    jsonb_build_object('tier', (array['bronze', 'silver', 'gold'])[1 + g %% 3], 'seats', 1 + g %% 500,
        'renews_on', (d.made + interval '1 year')::date),
    d.made, 'user:seller-1', d.made
from (
    select g, floor(14 * random())::int as step, random() < 0.2 as is_second, floor(50 * random() ^ 2)::int as owner,
        floor(%(people)s * random() ^ 2)::int as person, round((100 + 30000 * random() ^ 3)::numeric, 2) as amount,
        now() - (1 - g::float / %(deals)s) * interval '1080 days' as made, random() * interval '90 days' as took
    from generate_series(1, %(deals)s) g
) d
join steps s on s.n = d.step and s.is_second = d.is_second
join owners o on o.n = d.owner
join whom w on w.n = d.person
left join company f on f.h = w.company
order by g

-- stays: where deals were, three each
insert into deal_stay (deal, stage, entered_at, left_at)
select d.id, s.id, d.created_at + (s.place - 1) * (d.stage_at - d.created_at) / 3,
    case when s.id <> d.stage then d.created_at + s.place * (d.stage_at - d.created_at) / 3 end
from deal d join stage s on s.pipeline = d.pipeline and (s.place < 3 or s.id = d.stage)

-- changes: a history of three acts for each deal
insert into record_change (act, object, record, at, actor, action, changes)
select md5(d.id::text || n)::uuid, 'deal', d.id, d.created_at + n * (d.stage_at - d.created_at) / 3, 'user:seller-1',
    case n when 0 then 'created' else 'changed' end,
    case n when 0 then jsonb_build_object('name', jsonb_build_array(null, d.name), 'amount', jsonb_build_array(null, d.amount))
        else jsonb_build_object('stage', jsonb_build_array(1, d.stage)) end
from generate_series(0, 2) n, deal d

-- tasks: most of them done
insert into task (name, kind, due_at, priority, done_at, owner, person, company, deal, created_at, created_by, updated_at)
select (array['Call back', 'Send the offer', 'Prepare the meeting', 'Ask for a decision', 'Check in'])[1 + g %% 5],
    (array['todo', 'call', 'email', 'meeting'])[1 + g %% 4], t.due, (array['normal', 'high', 'low'])[1 + g %% 3],
    case when t.is_done then t.due end, d.owner, d.person, d.company, d.id, t.due - interval '9 days', 'user:seller-1',
    t.due - interval '9 days'
from (
    select g, floor(%(deals)s * random())::int as deal, random() < 0.85 as is_done,
        now() + (g::float / %(tasks)s * 1100 - 1080) * interval '1 day' as due
    from generate_series(1, %(tasks)s) g
) t join deal d on d.id = t.deal + 1

-- next_tasks: as those who write tasks keep it
update deal d set next_task_at = t.due from (
    select deal, min(due_at) as due from task where done_at is null group by deal
) t where t.deal = d.id

-- activities: of deals mostly of young ones, others of people alone
insert into activity (kind, name, at, duration_s, direction, outcome, number, body, owner, person, company, deal,
    created_at, created_by, updated_at)
select (array['call', 'email', 'email', 'meeting', 'note'])[1 + g %% 5],
    (array['First call', 'Offer', 'Question about prices', 'Demo', 'Follow-up', 'Contract'])[1 + g %% 6],
    a.at, case when g %% 5 = 0 then 30 + g %% 1700 end, case when g %% 5 < 3 then (array['out', 'in'])[1 + g %% 2] else '' end,
    case when g %% 5 = 0 then (array['connected', 'voicemail', 'no_answer', 'busy'])[1 + g %% 4] else '' end, '',
    format('Talked to %%s about the %%s of %%s; wants %%s by %%s, then %%s.', word[1 + g %% 40], word[1 + g / 7 %% 40],
        word[1 + g / 11 %% 40], word[1 + g / 3 %% 40], word[1 + g / 13 %% 40], word[1 + g / 17 %% 40]),
    coalesce(d.owner, o.id), coalesce(d.person, w.h), coalesce(d.company, w.company), d.id, a.at, 'user:seller-1', a.at
from (
    select g, case when random() < 0.6 then 1 + floor(%(deals)s * (1 - random() ^ 2))::int end as deal,
        floor(%(people)s * random() ^ 2)::int as person, floor(50 * random() ^ 2)::int as owner,
        now() - (1 - g::float / %(activities)s) * interval '1080 days' as at,
        string_to_array('prices licences delivery support training budget contract pilot security audit roadmap hosting'
            ' backup import export reports seats discount renewal invoice approval board director purchasing legal review'
            ' deadline workshop kick-off integration warehouse newsletter campaign shop catalogue returns loyalty stock'
            ' partner branch', ' ') as word
    from generate_series(1, %(activities)s) g
) a
left join deal d on d.id = a.deal
join whom w on w.n = a.person
join owners o on o.n = a.owner

-- shares: a few records that somebody was given
insert into record_share (object, record, "user", doing, shared_by)
select 'deal', d.id, (select id from accounts_user where username = %(to)s), 'see', 'user:seller-1'
from deal d where d.id %% 1000 = 7
