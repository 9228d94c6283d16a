-- rules: what earns points, in order
select id, kind, subject, value, points, half_life_days, most from score_rule where archived_at is null order by place, id

-- archived: rules that no longer count, the last first
select id, kind, subject, value, points, half_life_days, most from score_rule
where archived_at is not null order by archived_at desc, id limit %(most)s

-- lock: who writes rules waits for whoever does
lock table score_rule in share row exclusive mode

-- add: a rule behind the last
insert into score_rule (kind, subject, value, points, half_life_days, most, place)
select %(kind)s, %(subject)s, %(value)s, %(points)s, %(half_life_days)s, %(most)s, coalesce(max(place), 0) + 1 from score_rule
returning id

-- change: another subject, other points
update score_rule set kind = %(kind)s, subject = %(subject)s, value = %(value)s, points = %(points)s,
    half_life_days = %(half_life_days)s, most = %(most)s
where id = %(id)s returning id

-- archive: counts no longer, or again
update score_rule set archived_at = case when %(is)s then now() end where id = %(id)s returning id

-- people: known people among these with their traits (primary keys)
select p.id, t.traits from profile p join profile_traits t on t.id = p.id
where p.is_known and p.id = any(%(people)s::bigint[])

-- deeds: the newest that each of these people did since a moment, as far as rules ask (index on comp; on fragment, ts)
select asked.id, e.kind, e.name, e.ts from unnest(%(people)s::bigint[]) asked (id)
cross join lateral (
    select e.kind, e.name, e.ts from node a join node n on n.comp = a.comp and n.prof = a.prof
    join event e on e.fragment = n.h
    where a.h = asked.id and n.n > 0 and e.ts > %(since)s and e.flags & %(bot)s = 0
        and (e.kind = any(%(kinds)s::smallint[]) or e.kind = %(track)s and e.name = any(%(names)s::text[]))
    order by e.ts desc limit %(most)s
) e

-- forget: scores of these people
delete from lead_score where person = any(%(people)s::bigint[])

-- keep: scores as of now
insert into lead_score (person, points, at)
select person, points, %(at)s from unnest(%(people)s::bigint[], %(points)s::int[]) scored (person, points)
on conflict (person) do update set points = excluded.points, at = excluded.at

-- gone: who has a score, and no profile any more (primary keys)
delete from lead_score s
where s.person > %(after)s and s.person <= %(until)s and not exists (select from profile p where p.id = s.person)

-- faded: those whose score is oldest, as of before a moment (index on at)
select person from lead_score where at < %(before)s order by at limit %(most)s

-- of: the stored score of somebody
select points from lead_score where person = %(person)s
