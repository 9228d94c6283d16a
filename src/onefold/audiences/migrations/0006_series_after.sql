update membership_move m set sinces = array[s.since] from membership s
where m.kinds = '{3}' and s.audience = m.audiences[1] and s.profile = m.profile;

drop table membership;
alter table profile_state drop column audiences;

-- Who is in, one by one; by profile at once, by audience a scan of member_of.
create view membership as
select a.id as audience, m.profile, (
    select coalesce(c.since, c.at) from membership_change c
    where c.profile = m.profile and c.audience = a.id and c.kind in (1, 3) order by c.position desc limit 1
) as since
from member_of m join audience a on is_in(m.audiences, a.id);
