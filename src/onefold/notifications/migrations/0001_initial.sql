-- What users should hear of. One cause has one open notification at a time, however often it is told.
create table notification (
    id       bigint generated always as identity primary key,
    key      text not null,                    -- names the cause
    user_id  bigint,                           -- whom it is for; null = everybody
    tone     text not null check (tone in ('ok', 'warn', 'bad')),
    title    text not null,                    -- English, with %(name)s for params; translated where it is shown
    body     text not null default '',
    params   jsonb not null default '{}',
    url      text not null default '',
    at       timestamptz not null default now(),
    ended_at timestamptz                       -- when the cause was gone; null = it lasts, or never ends by itself
);
create unique index on notification (key, coalesce(user_id, 0)) where ended_at is null;
create index on notification (at);

create table notification_seen (
    notification_id bigint not null references notification on delete cascade,
    user_id         bigint not null,
    primary key (notification_id, user_id)
);
