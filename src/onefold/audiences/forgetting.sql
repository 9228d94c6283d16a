-- forget_others: of changes of other people, that these were the same (index on other)
update membership_move set other = null where other = any(%(ids)b)

-- forget: who entered and left when stays, for figures and positions, but not that it was these people (index on profile)
with forgotten as (
    update membership_move c set profile = 0, event = null, other = null
    from (select position, profile from membership_move where profile = any(%(ids)b)) was
    where c.position = was.position returning was.profile
)
insert into lake_touched (profile) select distinct profile from forgotten

-- note_exits: what is left that names them (index on profile)
insert into membership_forgotten (profile, position) select profile, max(position) from membership_move where profile = any(%(ids)b) group by profile
on conflict do nothing

-- old_exits: those that everybody who follows has had time to read (index on at)
delete from membership_forgotten where (profile, position) in (
    select profile, position from membership_forgotten where at < %(before)s order by at limit %(limit)s
) returning profile, position

-- forget_exits: of each up to a position (index on profile, position)
with forgotten as (
    update membership_move c set profile = 0, event = null, other = null
    from unnest(%(profiles)b, %(positions)b) old(profile, position)
    where c.profile = old.profile and c.position <= old.position returning old.profile
)
insert into lake_touched (profile) select distinct profile from forgotten
