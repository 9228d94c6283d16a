-- end_stays: these deals leave the stages they stand in (index on deal, entered_at)
update deal_stay s set left_at = v.at from unnest(%(ids)s::bigint[], %(moments)s::timestamptz[]) v(deal, at)
where s.deal = v.deal and s.left_at is null

-- begin_stays: and enter others
insert into deal_stay (deal, stage, entered_at)
select * from unnest(%(ids)s::bigint[], %(stages)s::bigint[], %(moments)s::timestamptz[])

-- days_in: how long a deal stood in each stage, in days (index on deal)
select stage, sum(extract(epoch from coalesce(left_at, now()) - entered_at)) / 86400 from deal_stay where deal = %(deal)s group by stage
