-- pipelines: all of them
select id, name, archived_at is not null from pipeline order by place, id

-- stages: of all of them, archived ones too
select id, pipeline, name, state, probability, required, checklist, stale_days, archived_at is not null
from stage order by pipeline, place, id
