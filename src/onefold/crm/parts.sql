-- deal_item: what deals are made up of, in order (index on deal, place)
select deal, id, product, name, quantity, price, discount, list_price, list_currency from deal_item
where deal = any(%(ids)s) order by deal, place, id

-- record_person: who else records are about (primary key)
select record, person, role from record_person where object = %(object)s and record = any(%(ids)s) order by record, place, person

-- item_ids: numbers for new items
select nextval(pg_get_serial_sequence('deal_item', 'id')) from generate_series(1, %(n)s)

-- forget_items: before they are written afresh
delete from deal_item where deal = any(%(ids)s)

-- write_items: with the numbers that they had
insert into deal_item (id, deal, product, name, quantity, price, discount, list_price, list_currency, place)
overriding system value
select id, deal, product, name, quantity, price, discount, list_price, list_currency, place
from jsonb_to_recordset(%(rows)s::jsonb) as v(id bigint, deal bigint, product bigint, name text, quantity numeric,
    price numeric, discount numeric, list_price numeric, list_currency text, place int)

-- forget_people: before they are written afresh
delete from record_person where object = %(object)s and record = any(%(ids)s)

-- write_people: of records
insert into record_person (object, record, person, role, place)
select %(object)s, record, person, role, place
from jsonb_to_recordset(%(rows)s::jsonb) as v(record bigint, person bigint, role text, place int)

-- products: what these cost (primary key)
select id, name, price, currency from product where id = any(%(ids)s)

-- profiles_of: whose these anchors are (primary key)
select h, prof from node where h = any(%(anchors)s)

-- deals_with: the newest deals that these anchors are beside (index on person)
select record from record_person where object = 'deal' and person = any(%(anchors)s) order by record desc limit %(most)s
