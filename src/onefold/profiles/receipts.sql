-- stored: accepted deliveries of a message, the latest first (index on id; primary keys)
select e.received_at, e.ts, e.kind, e.name, e.flags, n.ns, n.val, n.prof, p.id is not null
from event e left join node n on n.h = e.fragment left join profile p on p.id = n.prof
where e.id = %(id)s and e.fragment not in (select fragment from withheld)
order by e.received_at desc
limit 10

-- duplicates: deliveries that came again (primary key)
select received_at from duplicate where id = %(id)s order by received_at desc limit 100

-- retraction: whether the message was taken back (primary key)
select received_at from retraction where id = %(id)s

-- violations: what was wrong with the message or a part of it (index on source_id, message_id)
select at, reason, detail, is_fatal from violation
where source_id = %(source_id)s and message_id = %(message_id)s
order by id desc
limit 20

-- is_waiting: whether one of the newest unread requests of the source holds this text (index on lane, epoch, xid, off)
select exists (
    select from log_position p cross join lateral (
        select l.body from event_log l
        where l.lane = p.lane and (l.epoch, l.xid, l.off) > (p.epoch, p.xid, p.off) and l.source_id = %(source_id)s
        order by l.epoch desc, l.xid desc, l.off desc
        limit 1000
    ) unread
    where position(%(needle)s::bytea in unread.body) > 0
)
