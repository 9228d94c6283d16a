-- node: every identifier
select h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, doc from node

-- edge: every pair
select a, b, first, trust, rcv, ref from edge

-- link_rule: every decision
select event, received_at, a, b, kind, ts from link_rule

-- profile: every person
select id, name, email, phone, company, profile.traits::text, is_known, (extract(epoch from first_seen) * 1000000)::bigint,
    (extract(epoch from last_seen) * 1000000)::bigint,
    -- null, which no fold gives, makes a row be written anew whose copy for filters differs
    case when profile.traits = profile_traits.traits then search end
from profile left join profile_search using (id) left join profile_traits using (id)

-- company: every company
select h, space, key, name, traits::text, doc, n, (extract(epoch from first_seen) * 1000000)::bigint,
    (extract(epoch from last_seen) * 1000000)::bigint
from company

-- company_member: every membership
select company, fragment, first_ts, last_ts from company_member

-- consent: every row of the ledger
select fragment, purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details from consent
