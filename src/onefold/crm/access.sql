-- user: their number, the users of their teams and of those below, their teams and those above, records given to them (index probes)
with recursive mine as (
    select u.id as "user", m.team
    from accounts_user u left join (
        sales_team_member m join sales_team t on t.id = m.team and t.archived_at is null
    ) on m."user" = u.id
    where u.username = %(username)s
), below as (
    select team from mine where team is not null
    union
    select t.id from below b join sales_team t on t.parent = b.team and t.archived_at is null
), above as (
    select team from mine where team is not null
    union
    select t.parent from above a join sales_team t on t.id = a.team and t.parent is not null
)
select
    (select "user" from mine limit 1),
    array(select distinct m."user" from sales_team_member m join below b on b.team = m.team),
    array(select team from above),
    (
        select coalesce(jsonb_agg(jsonb_build_array(s.object, s.doing, s.record)), '[]') from (
            select object, doing, record from record_share where "user" in (select "user" from mine)
            union all
            select object, doing, record from record_share where team in (select team from above)
            limit %(most_shared)s
        ) s
    )
where exists (select from mine)

-- by_id: who somebody is that may sign in
select username, role, personal_data from accounts_user where id = %(id)s and is_active
