-- note: properties of a sample of events; new names only while there is room
insert into lake_property as known (name, n, n_text, n_number, n_boolean, n_other, n_bytes)
select name, n, n_text, n_number, n_boolean, n_other, n_bytes from (
    select seen.*, old.name is not null as is_known,
        row_number() over (partition by old.name is null order by seen.n desc, seen.name) as place
    from unnest(%(name)s::text[], %(n)s::bigint[], %(n_text)s::bigint[], %(n_number)s::bigint[], %(n_boolean)s::bigint[],
        %(n_other)s::bigint[], %(n_bytes)s::bigint[]) as seen(name, n, n_text, n_number, n_boolean, n_other, n_bytes)
    left join lake_property old using (name)
) found
where is_known or place <= %(most)s - (select count(*) from lake_property)
on conflict (name) do update set n = known.n + excluded.n, n_text = known.n_text + excluded.n_text,
    n_number = known.n_number + excluded.n_number, n_boolean = known.n_boolean + excluded.n_boolean,
    n_other = known.n_other + excluded.n_other, n_bytes = known.n_bytes + excluded.n_bytes, seen_at = now()

-- note_sampled: so many events were looked at
update lake_progress set sampled = sampled + %(sampled)s

-- halve: what was seen long ago counts less
update lake_property set n = n / 2, n_text = n_text / 2, n_number = n_number / 2, n_boolean = n_boolean / 2,
    n_other = n_other / 2, n_bytes = n_bytes / 2

-- halve_sampled: of as many events
update lake_progress set sampled = sampled / 2

-- forget: rare ones, of which nobody decided anything, once names have become many
delete from lake_property
where "column" is null and not is_demoted and n * %(one_in)s < (select sampled from lake_progress)
    and (select count(*) from lake_property) > %(many)s

-- sampled: of how many events properties were counted
select sampled from lake_progress

-- candidates: properties that might be promoted
select name, n, n_text, n_number, n_boolean, n_other, n_bytes from lake_property where "column" is null and not is_demoted

-- known: one property
select name, n, n_text, n_number, n_boolean, n_other, n_bytes from lake_property where name = %(name)s

-- wanted: properties that flushes and rewriting give a column
select name, "column", type from lake_property where "column" is not null and not is_demoted order by "column"

-- incomplete: those that older files may lack
select name, "column", type from lake_property where "column" is not null and not is_demoted and not is_complete order by "column"

-- columns: names that are taken, by demoted ones too
select name, "column", type, is_demoted from lake_property where "column" is not null

-- last_promoted: when there was one
select max(promoted_at) from lake_property

-- promote: it has a column from now on
insert into lake_property (name, "column", type, promoted_at) values (%(name)s, %(column)s, %(type)s, now())
on conflict (name) do update set "column" = excluded."column", type = excluded.type, promoted_at = now(),
    is_demoted = false, is_complete = false

-- demote: nothing is written or read of it any more; the name of its column stays taken
insert into lake_property (name, is_demoted) values (%(name)s, true)
on conflict (name) do update set is_demoted = true, is_complete = false

-- completed: every file has these
update lake_property set is_complete = true where name = any(%(names)s) and "column" is not null and not is_demoted
