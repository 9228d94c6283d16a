-- Whoever adds a field or an object by whatever way: it has a name that addresses, forms and the API can hold, and none
-- that they use themselves (`names.py` says so in words).
alter table custom_field add check (name ~ '^[a-z][a-z0-9_]{0,59}$'),
    add check (name not in ('id', 'created_by', 'seen', 'records', 'currency', 'deleted_at', 'custom'));
alter table custom_object add check (name ~ '^[a-z][a-z0-9_]{0,59}$'),
    add check (name not in ('deal', 'task', 'activity', 'product', 'stage', 'pipeline', 'person', 'company', 'of', 'new'));

-- Records of custom objects beside their deal, and in filters of deals.
create index on custom_record (deal) where deal is not null;
