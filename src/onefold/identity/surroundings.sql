-- edges_around: edges at either end of these identifiers that were known by a moment, some of each end's (primary key, index on b)
select distinct e.a, e.b, e.first, e.trust, e.rcv, e.ref
from unnest(%(hashes)s::bigint[]) n(h) cross join lateral (
    (select * from edge where edge.a = n.h and edge.rcv <= %(until)s limit %(limit)s)
    union all
    (select * from edge where edge.b = n.h and edge.rcv <= %(until)s limit %(limit)s)
) e

-- rules_around: every decision about these identifiers that was received by a moment (index on a; on b)
select a, b, kind, ts, event from link_rule where a = any(%(hashes)s::bigint[]) and received_at <= %(until)s
union
select a, b, kind, ts, event from link_rule where b = any(%(hashes)s::bigint[]) and received_at <= %(until)s
