-- rules: those that count, in order, with those of their members who may sign in
select r.id, r.name, r.way, r.source, r.country, r.least_points, r.last_user,
    coalesce((
        select jsonb_agg(jsonb_build_array(u.id, u.username, m.capacity) order by u.username)
        from assignment_member m join accounts_user u on u.id = m."user" where m.rule = r.id and u.is_active
    ), '[]')
from assignment_rule r where r.archived_at is null order by r.place, r.id

-- archived: rules that no longer count, the last first
select id, name from assignment_rule where archived_at is not null order by archived_at desc, id limit %(most)s

-- lock: who writes rules, and who assigns by them, waits for whoever does
lock table assignment_rule in share row exclusive mode

-- add: a rule behind the last
insert into assignment_rule (name, way, source, country, least_points, place)
select %(name)s, %(way)s, %(source)s, %(country)s, %(least_points)s, coalesce(max(place), 0) + 1 from assignment_rule
returning id

-- change: what it is of
update assignment_rule set name = %(name)s, way = %(way)s, source = %(source)s, country = %(country)s,
    least_points = %(least_points)s
where id = %(id)s returning id

-- archive: counts no longer, or again
update assignment_rule set archived_at = case when %(is)s then now() end where id = %(id)s returning id

-- place: the order, by ids
update assignment_rule r set place = o.place
from unnest(%(ids)s::bigint[]) with ordinality o (id, place) where r.id = o.id

-- set_members: who takes part, by name; nobody else does
with wanted as (
    select u.id, w.capacity from unnest(%(names)s::text[], %(capacities)s::int[]) w(name, capacity)
    join accounts_user u on u.username = w.name
), gone as (
    delete from assignment_member where rule = %(id)s and "user" not in (select id from wanted)
)
insert into assignment_member (rule, "user", capacity) select %(id)s, id, capacity from wanted
on conflict (rule, "user") do update set capacity = excluded.capacity

-- users: who may sign in, of these names
select username from accounts_user where username = any(%(names)s) and is_active

-- leads: which of these people are leads whom nobody owns and nobody was assigned (primary keys, index on comp)
select p.id, p.name, t.traits, coalesce(s.points, 0)
from profile p join profile_traits t on t.id = p.id left join lead_score s on s.person = p.id
where p.id = any(%(people)s::bigint[]) and p.is_known
    and t.traits ->> 'lifecycle_stage' = any(%(stages)s::text[]) and coalesce(t.traits -> 'owner', 'null') in ('null', '""')
    and not exists (
        select from node a join node m on m.comp = a.comp and m.prof = a.prof join lead_assignment la on la.anchor = m.h
        where a.h = p.id
    )

-- loads: how many open leads users have, up to a number, with those that were just given to them (GIN index on traits; on at)
select u.id, (
    select count(*) from (
        select from profile_traits t
        where t.traits @> jsonb_build_object('owner', u.id) and t.traits ->> 'lifecycle_stage' = any(%(open)s::text[])
        limit %(most)s
    ) found
) + (
    select count(*) from lead_assignment la
    join node n on n.h = la.anchor left join profile_traits t on t.id = n.prof
    where la."user" = u.id and la.at > %(since)s and coalesce(t.traits -> 'owner', 'null') = 'null'
)
from unnest(%(users)s::bigint[]) u(id)

-- note: assigned, unless they were
insert into lead_assignment (anchor, rule, "user", at) values (%(anchor)s, %(rule)s, %(user)s, %(at)s)
on conflict (anchor) do nothing returning anchor

-- last_user: whose turn it was
update assignment_rule set last_user = %(user)s where id = %(rule)s

-- wait: there was no room for these
insert into lead_waiting (person, at) select unnest(%(people)s::bigint[]), %(at)s on conflict (person) do nothing

-- wait_no_more: these have somebody, or need nobody
delete from lead_waiting where person = any(%(people)s::bigint[])

-- waiting: who waits longest (index on at)
select person from lead_waiting order by at, person limit %(most)s

-- n_waiting: how many wait, up to a number
select count(*) from (select from lead_waiting limit %(most)s) found

-- given: how many leads each rule gave to whom in a time (index on at)
select a.rule, u.username, count(*) from lead_assignment a join accounts_user u on u.id = a."user"
where a.at > %(since)s group by 1, 2

-- forget: assignments of identifiers that are gone, as erased ones are (primary keys)
delete from lead_assignment a where not exists (select from node n where n.h = a.anchor)
