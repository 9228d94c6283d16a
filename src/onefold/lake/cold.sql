-- cold: which of these fragments have events that are in the lake only, and how many events each has in all; a company's
-- own may be taken for it without being so, and counts all that name the company (primary keys; one row of lake_progress)
select n.h, n.n from lake_progress p join node n on n.h = any(%(fragments)b)
where p.hot_since is not null and n.own_rcv < extract(epoch from p.hot_since) * 1000000
    and not exists (select from lake_thaw t where t.fragment = n.h)
union all
select c.h, c.n from lake_progress p join company c on c.h = any(%(fragments)b)
join company_member m on m.company = c.h and m.fragment = c.h
where p.hot_since is not null and m.first_ts < extract(epoch from p.hot_since) * 1000000
    and not exists (select from lake_thaw t where t.fragment = c.h)

-- hold: until the end of the transaction no event leaves PostgreSQL
select pg_advisory_xact_lock_shared(%(key)s)

-- known: which of these events PostgreSQL has (index on id)
select distinct id from event where id = any(%(ids)b)

-- want: the worker fetches these
insert into lake_wanted select unnest(%(fragments)b) on conflict do nothing

-- wanted: what is to be fetched
select fragment from lake_wanted order by fragment limit %(limit)s

-- is_wanted: whether there is anything to fetch (small tables)
select exists (select from lake_wanted) or exists (select from pending_retraction where not is_ready)

-- have: it was fetched
delete from lake_wanted where fragment = any(%(fragments)b)

-- hot_since: events received before are in the lake only; null = none is
select hot_since from lake_progress

-- lake_events: the version that counts, how far it goes, and what of these fragments was taken back since it was written;
-- in one statement, because a compaction makes another version and forgets what it left out (a scan of a small table)
select t.version, t.files, t.rows, p.hot_since,
    array(select position from event_gone where fragment = any(%(fragments)b)) as gone
from lake_progress p join lake_table t on t.name = 'events'

-- counted: how many events profiles count of these fragments, and how many of them never left (index on fragment, ts)
select n.h, n.n, (select count(*) from event e where e.fragment = n.h and e.received_at >= p.hot_since)
from lake_progress p join node n on n.h = any(%(fragments)b)

-- written_under: whose events of these fragments were, when they were written (primary key; index on h)
select prof from node where h = any(%(fragments)b)
union select from_prof from identity_move where h = any(%(fragments)b) and from_prof is not null
union select to_prof from identity_move where h = any(%(fragments)b) and to_prof is not null
union select company from company_member where fragment = any(%(fragments)b) and company = fragment

-- claim: those that nobody has fetched; who fetches one at the same time waits here
insert into lake_thaw (fragment) select unnest(%(fragments)b) on conflict do nothing returning fragment

-- put_back: their older events, but those that are there (index on fragment, ts)
insert into event (received_at, id, fragment, ts, source_id, kind, trust, flags, name, message_id, body, position)
select v.* from unnest(%(received_at)b, %(id)b, %(fragment)b, %(ts)b, %(source_id)b, %(kind)b, %(trust)b, %(flags)b, %(name)b,
    %(message_id)b, %(body)b, %(position)b)
    v(received_at, id, fragment, ts, source_id, kind, trust, flags, name, message_id, body, position)
where not exists (
    select from event e where e.fragment = v.fragment and e.ts = v.ts and e.position = v.position
)

-- expire: fragments that were fetched some time ago, but those that are being erased
delete from lake_thaw where thawed_at < %(before)s and fragment not in (select fragment from withheld) returning fragment

-- freeze: older events, but decisions, that nobody has fetched any more (the partition for what fits nowhere else)
delete from event_default e using lake_progress p
where e.received_at < p.hot_since and e.position <= p.flushed and e.kind not in (7, 8)
    and not exists (select from lake_thaw t where t.fragment = e.fragment)
    and not exists (select from withheld w where w.fragment = e.fragment)

-- announced: up to when events have counted as cold for a while
select hot_since from lake_progress where hot_since is not null and cooled_at < %(before)s

-- cool: from now on events received before are taken for being in the lake only, if all of them are there
update lake_progress set hot_since = %(since)s, cooled_at = now()
where (hot_since is null or hot_since < %(since)s)
    and not exists (select from event where position > flushed and received_at < %(since)s)
