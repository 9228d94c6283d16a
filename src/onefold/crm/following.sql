-- begin: how far people were looked at; nothing while another does it
select position, after from people_follower where name = %(name)s for update skip locked

-- wait: the same, after whoever is at it
select position, after from people_follower where name = %(name)s for update

-- given: no event has a later position yet
select coalesce(pg_sequence_last_value('event_position'), 0)

-- first_after: the first event after a position (index on position)
select min(position) from event where position > %(after)s

-- seen: whom the next events belong to (index on position; primary key of node)
select max(e.position), coalesce(array_agg(distinct n.prof) filter (where n.prof is not null), '{}')
from event e left join node n on n.h = e.fragment
where e.position > %(after)s and e.position <= %(until)s

-- move: the new position
update people_follower set position = %(position)s where name = %(name)s

-- went: how far all people were looked at
update people_follower set after = %(after)s where name = %(name)s

-- next_people: people behind one (primary key)
select id from profile where id > %(after)s order by id limit %(most)s
