-- is_known: whether any of these messages became something: an event, a taken back one, a violation (three indexes)
select exists (select from event where id = any(%(ids)s))
    or exists (select from retraction where id = any(%(ids)s))
    or exists (select from violation where source_id = %(source_id)s and message_id = any(%(message_ids)s))

-- known_ids: which of these were accepted, or taken back since (two indexes)
select id from event where id = any(%(ids)s) union all select id from retraction where id = any(%(ids)s)
