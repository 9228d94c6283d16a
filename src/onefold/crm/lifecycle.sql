-- all: every stage in order
select key, name, tone, archived_at is not null from lifecycle_stage order by place, key

-- lock: who writes stages waits for whoever does
lock table lifecycle_stage in share row exclusive mode

-- add: behind the last
insert into lifecycle_stage (key, name, tone, place)
select %(key)s, %(name)s, %(tone)s, coalesce(max(place), 0) + 1 from lifecycle_stage

-- change: its name and tone
update lifecycle_stage set name = %(name)s, tone = %(tone)s where key = %(key)s

-- place: the order, by keys
update lifecycle_stage s set place = o.place
from unnest(%(keys)s::text[]) with ordinality o (key, place) where s.key = o.key

-- archive: no longer offered, or offered again
update lifecycle_stage set archived_at = case when %(is)s then now() end where key = %(key)s

-- people: how many people are in each of these stages, up to a number (GIN index on traits)
select s.key, (
    select count(*) from (
        select from profile_traits t
        where t.traits @> jsonb_build_object('lifecycle_stage', s.key) limit %(most)s
    ) found
) from unnest(%(keys)s::text[]) s (key)
