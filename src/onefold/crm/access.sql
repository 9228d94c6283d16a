-- user: their number, the users of their teams and of those below, their teams and those above (each an index probe)
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
    array(select team from above)
where exists (select from mine)
