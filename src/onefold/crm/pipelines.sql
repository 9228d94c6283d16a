-- pipelines: all of them
select id, name, archived_at is not null from pipeline order by place, id

-- stages: of all of them, archived ones too
select id, pipeline, name, state, probability, required, checklist, stale_days, archived_at is not null
from stage order by pipeline, place, id

-- lock: no other transaction changes pipelines or stages until this one ends
lock table pipeline, stage in share row exclusive mode

-- standing: how many deals that aren't deleted stand in a stage (index on pipeline, stage)
select count(*) from deal where pipeline = %(pipeline)s and stage = %(stage)s and deleted_at is null

-- standing_open: how many open deals go through a pipeline (index on pipeline, stage)
select count(*) from deal where pipeline = %(pipeline)s and state = 'open' and deleted_at is null

-- counts: deals that aren't deleted, by stage of one pipeline (index on pipeline, stage)
select stage, count(*) from deal where pipeline = %(pipeline)s and deleted_at is null group by stage

-- first_in: some deals of a stage by their numbers (index on pipeline, stage)
select id from deal where pipeline = %(pipeline)s and stage = %(stage)s and deleted_at is null order by id limit %(most)s

-- add_pipeline: as the last one
insert into pipeline (name, place) select %(name)s, coalesce(max(place), 0) + 1 from pipeline returning id

-- name_pipeline: another name
update pipeline set name = %(name)s where id = %(id)s

-- archive_pipeline: out of what is offered, or back
update pipeline set archived_at = case when %(is)s then now() end where id = %(id)s

-- order_pipelines: as they were given
update pipeline p set place = v.place from unnest(%(ids)s::bigint[]) with ordinality v(id, place) where p.id = v.id

-- add_stage: as the last one before those that close a deal, unless it closes one itself
insert into stage (pipeline, name, place, state, probability, required, checklist, stale_days)
values (%(pipeline)s, %(name)s, %(place)s, %(state)s, %(probability)s, %(required)s, %(checklist)s, %(stale_days)s)
returning id

-- change_stage: what it is and asks for
update stage set name = %(name)s, state = %(state)s, probability = %(probability)s, required = %(required)s,
    checklist = %(checklist)s, stale_days = %(stale_days)s
where id = %(id)s

-- archive_stage: out of its pipeline, or back as the last one
update stage s set archived_at = case when %(is)s then now() end,
    place = case when %(is)s then s.place else (select coalesce(max(o.place), 0) + 1 from stage o where o.pipeline = s.pipeline) end
where s.id = %(id)s

-- order_stages: as they were given
update stage s set place = v.place from unnest(%(ids)s::bigint[]) with ordinality v(id, place) where s.id = v.id
