-- note_active: when somebody last did something about these deals
update deal d set active_at = greatest(d.active_at, v.at)
from unnest(%(deals)s::bigint[], %(moments)s::timestamptz[]) v(deal, at)
where d.id = v.deal and d.active_at < v.at
