-- users: numbers of these users (unique index on username)
select username, id from accounts_user where username = any(%(usernames)s)

-- have_joined: as if they had taken their invitations up and been here; nobody can sign in as them
update accounts_user set date_joined = %(joined_at)s, last_login = %(seen_at)s
where username = any(%(usernames)s) and last_login is null

-- is_set_up: whether pipelines and products were made, whatever became of them
select exists (select from product where created_by = %(actor)s)

-- whose: whose deals were written already, whatever became of them
select username from unnest(%(usernames)s::text[]) username
where exists (select from deal where created_by = 'user:' || username)

-- known_codes: codes of products that there are (unique index on code)
select code from product where code = any(%(codes)s) and deleted_at is null

-- rename: the pipeline that a new Onefold has, as long as nobody used or changed it
update pipeline p set name = %(name)s
where p.name = 'Sales' and p.archived_at is null
    and not exists (select from deal d where d.pipeline = p.id)
    and %(stages)s::text[] = (select array_agg(s.name order by s.place) from stage s where s.pipeline = p.id and s.archived_at is null)
returning id

-- new_pipeline: behind all others
insert into pipeline (name, place) select %(name)s, coalesce(max(place), 0) + 1 from pipeline returning id

-- new_stage: of a pipeline
insert into stage (pipeline, name, place, state, probability, required, checklist, stale_days)
values (%(pipeline)s, %(name)s, %(place)s, %(state)s, %(probability)s, %(required)s, %(checklist)s, %(stale_days)s)

-- new_rate: what one of a currency is worth, unless somebody said so
insert into exchange_rate (currency, rate) values (%(currency)s, %(rate)s) on conflict do nothing

-- new_items: lines of deals, with the products of their codes
insert into deal_item (deal, product, name, quantity, price, discount, place)
select v.deal, p.id, v.name, v.quantity, v.price, v.discount, v.place
from jsonb_to_recordset(%(rows)s::jsonb)
    as v(deal bigint, code text, name text, quantity numeric, price numeric, discount numeric, place integer)
left join product p on p.code = v.code and p.deleted_at is null

-- new_people: whom deals are about besides, by the hashes of their identifiers
insert into record_person (object, record, person, role)
select 'deal', v.deal, v.person, v.role from jsonb_to_recordset(%(rows)s::jsonb) as v(deal bigint, person bigint, role text)
on conflict do nothing

-- known_ids: which of these were accepted, or taken back since (two indexes)
select id from event where id = any(%(ids)s) union all select id from retraction where id = any(%(ids)s)
