-- load_nodes: identifiers by hash (primary key)
select h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc is not null
from node where h = any(%(hashes)b)

-- load_components: every identifier of these raw components (index on comp)
select h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc is not null
from node where comp = any(%(labels)b)

-- load_docs: documents of fragments (primary key)
select h, doc from node where h = any(%(hashes)b) and doc is not null

-- labels_of: the raw components that these identifiers are in
select distinct comp from node where h = any(%(hashes)b)

-- load_edges: which of these pairs are known (primary key)
select e.a, e.b, e.first, e.trust, e.rcv
from unnest(%(a)b, %(b)b) pair(a, b) join edge e on e.a = pair.a and e.b = pair.b

-- load_edges_from: edges whose stronger end is one of these (primary key)
select a, b, first, trust, rcv, ref from edge where a = any(%(hashes)b)

-- load_neighbours: edges that touch one of these at either end
select a, b, first, trust, rcv, ref from edge where a = any(%(hashes)b)
union
select a, b, first, trust, rcv, ref from edge where b = any(%(hashes)b)

-- load_rules: every link decision about these identifiers
select a, b, kind, ts, event from link_rule where a = any(%(hashes)b)
union
select a, b, kind, ts, event from link_rule where b = any(%(hashes)b)

-- write_rules: a decision is kept once
insert into link_rule (event, a, b, kind, ts, received_at)
select * from unnest(%(event)b, %(a)b, %(b)b, %(kind)b, %(ts)b, %(received_at)b)
on conflict do nothing

-- delete_edges: pairs that no event names any more
delete from edge using unnest(%(a)b, %(b)b) gone(a, b) where edge.a = gone.a and edge.b = gone.b

-- delete_nodes: identifiers that no event names any more
delete from node where h = any(%(hashes)b)

-- delete_rules: decisions that were taken back, and whom they named
delete from link_rule using unnest(%(event)b, %(received_at)b) gone(event, received_at)
where link_rule.event = gone.event and link_rule.received_at = gone.received_at
returning a, b

-- earliest_receipts: of each identifier the earliest receipt as a weaker end or in a link rule
select h, min(rcv) from (
    select b as h, rcv from edge where b = any(%(hashes)b)
    union all
    select a, received_at from link_rule where a = any(%(hashes)b)
    union all
    select b, received_at from link_rule where b = any(%(hashes)b)
) named group by h

-- write_edges: pairs seen together, as they are now
insert into edge (a, b, first, trust, rcv)
select * from unnest(%(a)b, %(b)b, %(first)b, %(trust)b, %(rcv)b)
on conflict (a, b) do update set first = excluded.first, trust = excluded.trust, rcv = excluded.rcv

-- write_refusals: why edges don't join
update edge e set ref = v.ref
from unnest(%(a)b, %(b)b, %(ref)b) v(a, b, ref) where e.a = v.a and e.b = v.b

-- write_nodes: whole rows; a document of null keeps the one there is
insert into node (h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc)
select * from unnest(%(h)b, %(ns)b, %(val)b, %(rcv)b, %(comp)b, %(prof)b,
    %(fl)b, %(deg)b, %(n)b, %(own_rcv)b, %(first_ts)b, %(last_ts)b, %(doc)b)
on conflict (h) do update set rcv = excluded.rcv, comp = excluded.comp, prof = excluded.prof, fl = excluded.fl, deg = excluded.deg,
    n = excluded.n, own_rcv = excluded.own_rcv, first_ts = excluded.first_ts, last_ts = excluded.last_ts, doc = coalesce(excluded.doc, node.doc)

-- write_tallies: fragments in which nothing but the counts moved
update node set n = v.n, first_ts = v.first_ts, last_ts = v.last_ts
from unnest(%(h)b, %(n)b, %(first_ts)b, %(last_ts)b) v(h, n, first_ts, last_ts)
where node.h = v.h

-- write_moves: which identifier changed its profile
insert into identity_move (at, h, from_prof, to_prof, cause)
select now(), * from unnest(%(h)b, %(from_prof)b, %(to_prof)b, %(cause)b)

-- current_config: the version in force
select version, config from identity_config order by version desc limit 1

-- user_spaces: sources whose user ids are not the workspace's own
select id, user_space from source where user_space <> ''
