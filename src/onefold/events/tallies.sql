-- add_events: accepted events by hour and source
insert into event_tally (hour, source_id, n)
select * from unnest(%(hour)b, %(source_id)b, %(n)b)
on conflict (hour, source_id) do update set n = event_tally.n + excluded.n

-- add_revenue: orders less refunds by hour and currency
insert into revenue_tally (hour, currency, orders, amount)
select hour, currency, orders, cents::numeric / 100
from unnest(%(hour)b, %(currency)b, %(orders)b, %(cents)b) v(hour, currency, orders, cents)
on conflict (hour, currency) do update set orders = revenue_tally.orders + excluded.orders, amount = revenue_tally.amount + excluded.amount

-- add_pages: views by day and page
insert into page_tally (day, page, n)
select * from unnest(%(day)b, %(page)b, %(n)b)
on conflict (day, page) do update set n = page_tally.n + excluded.n

-- events_by_step: events by step and source (primary key)
select date_bin(%(step)s, hour, %(since)s), source_id, sum(n)::bigint
from event_tally where hour >= %(since)s and hour < %(until)s
group by 1, 2 having sum(n) <> 0 order by 1, 2

-- revenue_by_step: orders and what they are worth, by step and currency (primary key)
select date_bin(%(step)s, hour, %(since)s), currency, sum(orders)::bigint, sum(amount)
from revenue_tally where hour >= %(since)s and hour < %(until)s
group by 1, 2 order by 1, 2

-- top_pages: the most viewed (primary key)
select page, sum(n)::bigint as views
from page_tally where day >= %(since)s
group by 1 having sum(n) > 0 order by 2 desc, 1
limit %(limit)s

-- days_of_pages: days that are over and hold more pages than are kept
select day from page_tally where day < %(before)s group by day having count(*) > %(kept)s

-- last_kept: the page of a day after which none is kept
select n, page from page_tally where day = %(day)s order by n desc, page offset %(kept)s - 1 limit 1

-- forget_pages: some of those less viewed (primary key, by day)
delete from page_tally where ctid = any(array(
    select ctid from page_tally
    where day = %(day)s and (n < %(n)s or (n = %(n)s and page > %(page)s)) limit %(chunk)s))

-- forget_days: some pages of days that nobody asks for any more (primary key)
delete from page_tally where ctid = any(array(select ctid from page_tally where day < %(before)s limit %(chunk)s))

-- forget_unviewed: pages whose views were all taken back; a path may name whom it was about (a scan)
delete from page_tally where n <= 0

-- hours: events by source and hour (primary key)
select source_id, hour, n from event_tally where hour >= %(since)s and hour <= %(until)s and n > 0

-- has_events: whether a source ever sent anything that was accepted (a row an hour of this installation's life at worst)
select exists (select from event_tally where source_id = %(source_id)s and n > 0)
