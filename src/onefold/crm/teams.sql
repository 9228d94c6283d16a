-- all: every team
select id, name, parent, archived_at is not null from sales_team order by lower(name), id

-- lock: who writes teams waits for whoever does, also for those who add one below another
lock table sales_team in share row exclusive mode

-- members: of every team, by name
select m.team, u.username from sales_team_member m join accounts_user u on u.id = m."user" order by m.team, u.username

-- add: a team
insert into sales_team (name, parent) values (%(name)s, %(parent)s) returning id

-- change: its name and place
update sales_team set name = %(name)s, parent = %(parent)s where id = %(id)s returning id

-- archive: out of the tree, or back
update sales_team set archived_at = case when %(is)s then now() end where id = %(id)s returning id

-- add_member: a user into a team; no row = there is no such user
insert into sales_team_member (team, "user") select %(team)s, id from accounts_user where username = %(username)s
on conflict ("user", team) do update set team = excluded.team
returning team

-- remove_member: out of it
delete from sales_team_member where team = %(team)s and "user" = (select id from accounts_user where username = %(username)s)

-- mates: who is in the team of a user, or in one above it (index on user; teams are few)
with recursive up as (
    select t.id, t.parent from sales_team t
    join sales_team_member m on m.team = t.id join accounts_user u on u.id = m."user"
    where u.username = %(username)s and t.archived_at is null
    union
    select t.id, t.parent from sales_team t join up on t.id = up.parent where t.archived_at is null
)
select distinct u.username from up join sales_team_member m on m.team = up.id join accounts_user u on u.id = m."user"
