-- Who entered and left, a row for what one look at somebody brought about: they enter many audiences at once. Written in
-- the order of what happened, by the processor alone.
create table membership_move (
    position  bigint generated always as identity,
    profile   bigint not null,
    at        timestamptz not null,
    other     bigint,
    event     uuid,                            -- that brought it about
    cause     smallint not null,               -- audiences/membership.py: Cause
    audiences integer[] not null,
    kinds     smallint[] not null,             -- of each: 1 entered, 2 left, 3 moved here from `other`, 4 moved to `other`
    versions  integer[] not null               -- of each: of its rule
);

-- Where those of an audience are: positions of `membership_move`, a row for each kind and transaction.
-- No two rows of an audience and kind overlap.
create table audience_move (
    audience  integer not null,
    kind      smallint not null,
    first     bigint not null,                 -- the least of them
    positions bigint[] not null                -- ascending
);

-- By day of UTC how many entered and left, and how many were in at its end. No row: a day on which nobody did.
create table audience_day (
    audience integer not null,
    day      date not null,
    entered  integer not null,
    gone     integer not null,                 -- who left ("left" is SQL's); of both without those who moved
    members  integer not null,
    primary key (audience, day)
) with (fillfactor = 50);

-- What there is goes on: each change a row of its own, at its position.
insert into membership_move (position, profile, at, other, event, cause, audiences, kinds, versions) overriding system value
select position, profile, at, other, event, cause, array[audience], array[kind], array[version] from membership_change order by position;

select setval(
    pg_get_serial_sequence('membership_move', 'position'),
    (select last_value from membership_change_position_seq), (select is_called from membership_change_position_seq)
);

insert into audience_move (audience, kind, first, positions)
select audience, kind, min(position), array_agg(position order by position)
from (
    select audience, kind, position, (row_number() over (partition by audience, kind order by position) - 1) / 1000 as part
    from membership_change
) numbered group by audience, kind, part;

insert into audience_day (audience, day, entered, gone, members)
select audience, coalesce(day, (now() at time zone 'UTC')::date), coalesce(entered, 0), coalesce(gone, 0),
    coalesce(m.n, 0) - coalesce(sum(net) over (partition by audience order by day desc rows between unbounded preceding and 1 preceding), 0)
from (
    select audience, (at at time zone 'UTC')::date as day, count(*) filter (where kind = 1) as entered,
        count(*) filter (where kind = 2) as gone, sum(case when kind in (1, 3) then 1 else -1 end) as net
    from membership_change group by 1, 2
) days full join (select audience, count(*) as n from membership group by audience) m using (audience);

drop table membership_change;
alter table membership_move add primary key (position);
create index on membership_move (profile, position);
alter table audience_move add primary key (audience, kind, first);

-- Who entered and left, one by one: position and audience together are of one row. What is asked by position or profile
-- uses the indexes above; by audience: queries.sql, `changes`.
create view membership_change as
select m.position, one.audience, m.profile, one.kind, m.at, m.cause, m.event, one.version, m.other
from membership_move m cross join lateral unnest(m.audiences, m.kinds, m.versions) one (audience, kind, version);

-- Who is in is found by the audience, of which there are some hundreds: membership has its key alone.
drop index membership_profile_idx;
