-- fields: those that administrators added, by object and in their order
select object, name, title, kind, options, target, currency, is_required
from custom_field where archived_at is null order by object, place, id

-- objects: those that administrators made
select id, name, title, plural, icon from custom_object where archived_at is null order by place, id
