-- fold: the graph of the facts. DuckDB; times in µs
create table ident as select h, any_value(ns) as ns, any_value(val) as val, min(rcv) as rcv from named group by h;
create table link as select a, b, min(first) as first, max(trust) as trust, min(rcv) as rcv from pair group by a, b;
create table fragment as
select h, sum(n)::bigint as n, min(own_rcv) as own_rcv, min(first_ts) as first_ts, max(last_ts) as last_ts from part group by h;
create table doc (h bigint, doc blob);
create table mark (h bigint, deg blob, fl integer);
create table solved (h bigint, comp bigint, prof bigint, fl integer);
create table refusal (a bigint, b bigint, ref integer);
drop table named;
drop table pair;
drop table part

-- claims: what fragments' events say of traits, fragment by fragment
select h, traits, source_id, ts, received_at, event from claim order by h

-- degrees: of each identifier how many distinct neighbours of each kind, identifier by identifier
with neighbour as (
    select link.a, link.b, one.ns as ns, other.ns as other_ns, strong.is_unique, weak.is_unique as other_is_unique
    from link join ident one on one.h = link.a join ident other on other.h = link.b
    join namespace strong on strong.code = one.ns join namespace weak on weak.code = other.ns
)
select h, ns, kind, count(*) from (
    select a as h, ns, {weaker} as kind from neighbour
    union all
    select a, ns, other_ns from neighbour where other_is_unique and not is_unique
    union all
    select b, other_ns, ns from neighbour where is_unique and not other_is_unique
) group by h, ns, kind order by h, kind

-- vertices: every identifier with its marks
create table vertex as
select h, ident.ns, ident.rcv, namespace.rank, coalesce(marked.fl, 0) as fl, marked.deg
from ident join namespace on namespace.code = ident.ns
left join (select h, bit_or(fl) as fl, any_value(deg) as deg from mark group by h) marked using (h)

-- vertices_by_hash: who conducts
select h, (fl & {mute}) <> 0 as is_mute from vertex order by h

-- ends: of every pair
select a, b from link

-- label: each component's label; crowded are those where something may be refused: only they are clustered one by one
create table label as
select root, arg_min(h, row(rcv, rank, h)) as comp from vertex join component using (h) group by root;
create table crowded as
select root from component group by root having count(*) > {size_cap}
union
select root from vertex join component using (h) join namespace on namespace.code = vertex.ns and most is not null
group by root, vertex.ns having count(*) > any_value(most)
union
select root from component join ruled using (h)

-- crowded_vertices: component by component
select component.root, h, ns, rank, rcv, (fl & {mute}) <> 0 from vertex join component using (h) join crowded using (root)
order by component.root, h

-- crowded_links: component by component
select one.root, a, b, first, trust from link join component one on one.h = a join component other on other.h = b
join crowded on crowded.root = one.root and crowded.root = other.root
order by one.root, a, b

-- nodes: identifiers as they are to be
create table node as
select vertex.h, vertex.ns, ident.val, vertex.rcv, coalesce(solved.comp, label.comp) as comp, coalesce(solved.prof, label.comp) as prof,
    vertex.fl | coalesce(solved.fl, 0) as fl, vertex.deg, coalesce(n, 0) as n, own_rcv, first_ts, last_ts, doc
from vertex join ident using (h) join component using (h) join label using (root)
left join solved using (h) left join fragment using (h) left join doc using (h);
drop table ident;
drop table vertex

-- node: columns as stored, by key
select h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc from node order by h

-- edge: columns as stored, by key
select a, b, first, trust, rcv, coalesce(ref, 0) from link left join refusal using (a, b) order by a, b

-- members: people and who they are, with the company where each fragment was seen last
select prof, h, ns, val, rcv, fl, first_ts, last_ts, doc, seen
from node left join (
    select fragment, max(struct_pack(last_ts := last_ts, company := company)) as seen from (
        select fragment, coalesce(head, company) as company, max(last_ts) as last_ts
        from company_fact left join company_head using (company) group by 1, 2
    ) group by fragment
) membership on membership.fragment = node.h
order by prof, h

-- deciding: companies of which Onefold's own source says that they were merged into others
select distinct company from company_fact where source_id = {internal} and contains(decode(traits), '"{trait}"')

-- there: which of these companies there are
select distinct company from company_fact where company in ({companies})

-- said: what is said of these companies, by key
select company, traits, source_id, ts, received_at, event from company_fact
where company in ({companies}) and octet_length(traits) > 0 order by company

-- company: what is said of companies, by key
select company, space, key, fragment, n, first_ts, last_ts, traits, source_id, ts, received_at, event from company_fact order by company

-- company_member: columns as stored, by key
select company, fragment, min(first_ts), max(last_ts) from company_fact group by company, fragment order by company, fragment

-- consent: what is said of consent, by key
select fragment, purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details from consent
order by fragment, purpose, origin, source_id, is_granted, statement
