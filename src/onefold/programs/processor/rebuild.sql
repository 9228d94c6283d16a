-- node: every identifier, by key
select h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc from node order by h

-- edge: every pair, by key
select a, b, first, trust, rcv, ref from edge order by a, b

-- link_rule: every decision, by key
select event, received_at, a, b, kind, ts from link_rule order by event, received_at

-- profile: every person, by key
select id, name, email, phone, company, profile.traits::text, is_known, (extract(epoch from first_seen) * 1000000)::bigint,
    (extract(epoch from last_seen) * 1000000)::bigint,
    -- null, which no fold gives, makes a row be written anew whose copy for filters differs
    case when profile.traits = profile_traits.traits then search end
from profile left join profile_search using (id) left join profile_traits using (id)
order by id

-- company: every company, by key
select h, space, key, name, traits::text, doc, n, (extract(epoch from first_seen) * 1000000)::bigint,
    (extract(epoch from last_seen) * 1000000)::bigint, merged_into, head, apart
from company
order by h

-- company_member: every membership, by key
select company, fragment, first_ts, last_ts from company_member order by company, fragment

-- consent: every row of the ledger, by key
select fragment, purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details
from consent order by fragment, purpose collate "C", origin, source_id, is_granted, statement
