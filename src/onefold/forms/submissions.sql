-- forms: every published form with what its source says, for those who serve them
select f.id, f.key, f.name, f.published, v.definition::text, f.secret, s.id, s.lane, s.ip_policy, s.allowed_origins
from form f
join form_version v on v.form_id = f.id and v.version = f.published
join source s on s.id = f.source_id
where f.status = 'published' and s.is_enabled

-- count: how often a form was seen, and what became of what was sent
insert into form_count (form_id, day, outcome, n)
select * from unnest(%(forms)s::bigint[], %(days)s::date[], %(outcomes)s::text[], %(n)s::bigint[]) u(form_id, day, outcome, n)
where exists (select from form where id = u.form_id)
order by 1, 2, 3
on conflict (form_id, day, outcome) do update set n = form_count.n + excluded.n

-- traits_of: what is known of somebody by an identifier (primary keys); no row when nobody is known by it
select t.traits from node n join profile_traits t on t.id = n.prof where n.h = %(person)s

-- add: a submission, once for each token; none when that came before, or when as much is kept aside as may be
insert into form_submission (id, form_id, version, at, state, reason, person, nonce, page, campaign, held, ends_at, mail_at)
select %(id)s, %(form_id)s, %(version)s, %(at)s, %(state)s, %(reason)s, %(person)s, %(nonce)s, %(page)s, %(campaign)s,
    %(held)s::jsonb, %(at)s + make_interval(days => %(days)s::int), case when %(state)s = 'waiting' then %(at)s end
where %(held)s::jsonb is null or %(most)s > (
    select count(*) from (
        select from form_submission
        where form_id = %(form_id)s and state = %(state)s and held is not null limit %(most)s
    ) kept
)
on conflict (form_id, nonce) do nothing
returning id

-- came: whether a token was used
select exists (select from form_submission where form_id = %(form_id)s and nonce = %(nonce)s)

-- mailed_lately: how many mails an address was sent, or is to be sent, within a day (index on person)
select count(*) from form_submission
where person = %(person)s and at > now() - interval '1 day' and (mailed_at is not null or mail_at is not null)

-- held: what is to be logged of one that waits or is held, kept from changing until the transaction ends
select s.id, s.form_id, s.version, s.state, s.held::text, s.at, f.key, f.name, f.secret, src.id, src.lane,
    v.definition::text, s.person
from form_submission s
join form f on f.id = s.form_id
join source src on src.id = f.source_id
join form_version v on v.form_id = s.form_id and v.version = s.version
where s.id = %(id)s for update of s

-- decide: it is let in, confirmed, thrown away or waits for its confirmation from now on
update form_submission set state = %(state)s, decided_at = now(), decided_by = %(by)s,
    held = case when %(state)s = 'waiting' then held end,
    ends_at = case when %(state)s = 'waiting' then now() + make_interval(days => %(days)s::int) end,
    mail_at = case when %(state)s = 'waiting' then now() end
where id = %(id)s

-- due_mail: the next one to write to, kept from others who look
select s.id, s.held->'answers'->>'email', s.held->'answers'->>'first_name', s.mail_tries, f.key, f.name, f.secret, v.definition::text
from form_submission s join form f on f.id = s.form_id
join form_version v on v.form_id = s.form_id and v.version = s.version
where s.mail_at <= now() and s.state = 'waiting' order by s.mail_at limit 1 for update of s skip locked

-- put_off: a mail is about to be sent, or failed: the next try
update form_submission set mail_tries = %(tries)s, mail_fault = %(fault)s,
    mail_at = case when %(tries)s < %(most)s then now() + make_interval(secs => %(seconds)s) end
where id = %(id)s

-- mailed: a mail went out
update form_submission set mailed_at = now(), mail_at = null, mail_fault = '' where id = %(id)s

-- expire: what nobody confirmed or let in; a piece at a time (index on ends_at)
update form_submission set state = case state when 'waiting' then 'expired' else 'discarded' end, held = null,
    ends_at = null, mail_at = null, decided_at = now()
where id = any(array(select id from form_submission where ends_at <= now() limit %(limit)s for update skip locked))
returning form_id, state

-- list: the latest submissions of a form (index on form_id, at)
select s.id, s.at, s.state, s.reason, s.page, s.campaign, s.version, s.held->'answers', s.mailed_at, s.mail_fault,
    coalesce(n.prof, s.person), n.prof is not null, p.name, p.email
from form_submission s left join node n on n.h = s.person left join profile p on p.id = n.prof
where s.form_id = %(form_id)s and (s.at, s.id) < (%(before_at)s, %(before_id)s)
    and (%(states)s::text[] is null or s.state = any(%(states)s))
order by s.at desc, s.id desc limit %(limit)s

-- states: how many of a form are in each state, up to a bound (index on form_id, state)
select state, count(*) from (
    select state from form_submission where form_id = %(form_id)s and state in ('held', 'waiting') and held is not null limit 2001
) few group by state

-- forget: what an erased person sent (index on person)
delete from form_submission where person = any(%(persons)s)
