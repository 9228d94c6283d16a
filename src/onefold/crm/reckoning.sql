-- rates: of the workspace's currency so many are one of each
select currency, rate from exchange_rate order by currency

-- set_rate: another one
insert into exchange_rate (currency, rate) values (%(currency)s, %(rate)s)
on conflict (currency) do update set rate = excluded.rate

-- remove_rate: amounts in it can't be converted any more
delete from exchange_rate where currency = %(currency)s

-- without_rate: currencies of deals that can't be converted, with how many (one scan of deal)
select d.currency, count(*) from deal d
where d.amount is not null and d.home_amount is null and d.deleted_at is null and d.currency not in ('', %(home)s)
and not exists (select from exchange_rate r where r.currency = d.currency)
group by 1 order by 2 desc, 1 limit 20

-- reckon: of the deals after a number some whose converted or weighted amount isn't what rates and stages say; the last
-- number, and how many. As `deals.py` reckons for one. Those who write the same deals are waited for, in their order.
with home as (
    select coalesce((select w.currency from accounts_workspace w), 'EUR') as currency
), wrong as (
    select d.id, n.home, n.weighted
    from deal d
    cross join home
    join stage s on s.id = d.stage
    left join exchange_rate r on r.currency = d.currency
    cross join lateral (select round(d.amount * case when d.currency = home.currency then 1 else r.rate end, 2) as raw) c
    cross join lateral (select case when abs(c.raw) < 1e16 then c.raw end as home) h
    cross join lateral (select h.home, round(h.home * s.probability / 100, 2) as weighted) n
    where d.id > %(after)s and (%(stage)s::bigint is null or d.stage = %(stage)s)
    and (%(currency)s::text is null or d.currency = %(currency)s)
    and (d.home_amount is distinct from n.home or d.weighted is distinct from n.weighted)
    order by d.id limit %(most)s for update of d
), done as (
    update deal d set home_amount = w.home, weighted = w.weighted from wrong w where d.id = w.id returning d.id
)
select max(id), count(*) from done
