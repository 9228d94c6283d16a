-- rates: of the workspace's currency so many are one of each
select currency, rate from exchange_rate

-- end_stays: these deals leave the stages they stand in (index on deal, entered_at)
update deal_stay set left_at = %(now)s where deal = any(%(ids)s) and left_at is null

-- begin_stays: and enter others
insert into deal_stay (deal, stage, entered_at) select deal, stage, %(now)s from unnest(%(ids)s::bigint[], %(stages)s::bigint[]) v(deal, stage)

-- days_in: how long a deal stood in each stage, in days (index on deal)
select stage, sum(extract(epoch from coalesce(left_at, now()) - entered_at)) / 86400 from deal_stay where deal = %(deal)s group by stage
