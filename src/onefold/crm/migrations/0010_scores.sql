-- What earns or costs points. subject = name of the event or trait; '' for page views. A trait earns once, an event each
-- time, its points halved every so many days.
create table score_rule (
    id             bigint generated always as identity primary key,
    kind           text not null check (kind in ('page', 'event', 'trait')),
    subject        text not null,
    value          text not null default '',   -- of a trait: only this one; '' = any
    points         integer not null check (points between -1000 and 1000 and points <> 0),
    half_life_days integer check (half_life_days between 1 and 365),  -- null = points stay
    most           integer not null default 1 check (most between 1 and 100),  -- times that an event counts
    place          integer not null,
    archived_at    timestamptz
);
insert into score_rule (kind, subject, points, half_life_days, most, place) values
    ('page', '', 1, 14, 20, 1),
    ('event', 'Form Submitted', 20, 30, 3, 2),
    ('event', 'Product Added', 5, 14, 5, 3),
    ('event', 'Checkout Started', 10, 14, 3, 4),
    ('event', 'Order Completed', 25, 90, 4, 5),
    ('trait', 'email', 5, null, 1, 6),
    ('trait', 'phone', 5, null, 1, 7),
    ('trait', 'title', 5, null, 1, 8);

-- Points of people who have any, as of a moment; follows from their events, traits and the rules.
create table lead_score (
    person bigint primary key,             -- profile id
    points integer not null,
    at     timestamptz not null
);
create index on lead_score (at);
create index on lead_score (points desc, person);

insert into people_follower select 'scores', position, after from people_follower where name = 'duplicates';
