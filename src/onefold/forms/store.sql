-- list: every form with what was counted in 30 days (index on form_count's key), archived ones last
select f.id, f.key, f.name, f.status, f.published, f.changed_at, s.slug, s.name, f.source_id,
    coalesce(c.counts, '{}'), coalesce(c.days, '{}')
from form f join source s on s.id = f.source_id
left join lateral (
    select jsonb_object_agg(outcome, n) as counts, (
        select jsonb_object_agg(day, n) from (
            select day, sum(n) as n from form_count
            where form_id = f.id and day > current_date - 30 and outcome = any(%(sent)s) group by day
        ) by_day
    ) as days
    from (
        select outcome, sum(n) as n from form_count where form_id = f.id and day > current_date - 30 group by outcome
    ) by_outcome
) c on true
where %(id)s::bigint is null or f.id = %(id)s
order by f.status = 'archived', lower(f.name), f.id

-- lock: one at a time makes a form
lock table form in share row exclusive mode

-- count: how many forms there are
select count(*) from form

-- add: a new form
insert into form (key, name, source_id, draft, secret) values (%(key)s, %(name)s, %(source_id)s, %(draft)s, %(secret)s)
returning id

-- find: one form with its draft and how it differs from what is published
select f.id, f.key, f.name, f.status, f.published, f.draft::text, f.source_id, f.changed_at,
    v.definition is not distinct from f.draft, exists (select from form_draft d where d.form_id = f.id)
from form f left join form_version v on v.form_id = f.id and v.version = f.published
where f.id = %(id)s

-- by_key: the id of a form
select id from form where key = %(key)s

-- keep_draft: remember the present draft, to go back to
insert into form_draft (form_id, draft) select id, draft from form where id = %(id)s

-- forget_drafts: more than one goes back to
delete from form_draft where form_id = %(id)s
    and id <= (select id from form_draft where form_id = %(id)s order by id desc offset %(most)s limit 1)

-- save: another draft
update form set draft = %(draft)s, name = %(name)s, source_id = %(source_id)s, changed_at = now() where id = %(id)s

-- undo: the draft before; none when there is no other
with last as (delete from form_draft where id = (select max(id) from form_draft where form_id = %(id)s) returning draft)
update form set draft = last.draft, changed_at = now() from last where form.id = %(id)s returning form.id

-- publish: the draft becomes the next version
with added as (
    insert into form_version (form_id, version, definition, published_by)
    select f.id, coalesce((select max(version) from form_version where form_id = f.id), 0) + 1, f.draft, %(by)s
    from form f where f.id = %(id)s
    returning version
)
update form set status = 'published', published = added.version, changed_at = now() from added where id = %(id)s
returning published

-- set_status: archived, or as it was before
update form set status = %(status)s, changed_at = now() where id = %(id)s

-- versions: the latest first
select version, published_at, published_by from form_version where form_id = %(id)s order by version desc limit 100

-- version: one of them
select definition::text from form_version where form_id = %(id)s and version = %(version)s
