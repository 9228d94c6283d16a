-- Which audiences somebody is in, a row for each person and company that is in any: who enters one mostly enters several,
-- and a bit is a hundredth of a row with its index. Written by the processor alone, with the moves.
create table member_of (
    profile   bigint primary key,              -- or a company's hash
    audiences bytea not null                   -- by bits of their numbers, from the least
) with (fillfactor = 80);

-- Of a membership that moved here from others, since when they were in; null: since the move itself.
alter table membership_move add column sinces timestamptz[];

drop view membership_change;
create view membership_change as
select m.position, one.audience, m.profile, one.kind, m.at, m.cause, m.event, one.version, m.other, one.since
from membership_move m cross join lateral unnest(m.audiences, m.kinds, m.versions, m.sinces) one (audience, kind, version, since);

create function is_in(audiences bytea, audience integer) returns boolean language sql immutable parallel safe
return length(audiences) > audience / 8 and get_bit(audiences, audience) = 1;
