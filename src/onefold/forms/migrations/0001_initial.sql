-- A form. What visitors get is the published version; the draft is what somebody works at.
create table form (
    id         bigint generated always as identity primary key,
    key        text not null unique,                    -- stands in addresses and pages
    name       text not null,
    source_id  integer not null references source (id), -- whose events submissions are
    status     text not null default 'draft' check (status in ('draft', 'published', 'archived')),
    draft      jsonb not null,                          -- forms/definition.py
    published  integer,                                 -- the version that visitors get
    secret     bytea not null,                          -- signs the tokens of this form
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now()
);

-- Every version that was ever published stays: it is the proof of what somebody agreed to.
create table form_version (
    form_id      bigint not null references form (id),
    version      integer not null,
    definition   jsonb not null,
    published_at timestamptz not null default now(),
    published_by text not null,
    primary key (form_id, version)
);

-- Drafts before the present one, to go back to; the last 50 of a form.
create table form_draft (
    id      bigint generated always as identity primary key,
    form_id bigint not null references form (id),
    draft   jsonb not null,
    at      timestamptz not null default now()
);
create index on form_draft (form_id, id);

-- What was sent. Of one that was let in there are no answers here: those are its events.
create table form_submission (
    id         uuid primary key,
    form_id    bigint not null references form (id),
    version    integer not null,
    at         timestamptz not null,
    state      text not null check (state in ('accepted', 'held', 'waiting', 'confirmed', 'released', 'expired', 'discarded')),
    reason     text not null default '',   -- why it is held
    person     bigint not null,            -- hash of the e-mail address, or of the anonymous id
    nonce      bytea,                      -- of the token it came with: a token counts once
    page       text not null default '',
    campaign   text not null default '',
    held       jsonb,                      -- what is to be logged when it is let in or confirmed; gone afterwards
    ends_at    timestamptz,                -- when what waits or is held goes
    mail_at    timestamptz,                -- when the next mail is to be tried
    mailed_at  timestamptz,
    mail_tries integer not null default 0,
    mail_fault text not null default '',
    decided_at timestamptz,
    decided_by text not null default ''
);
create unique index on form_submission (form_id, nonce);
create index on form_submission (form_id, at, id);
create index on form_submission (form_id, state) where held is not null;
create index on form_submission (person);
create index on form_submission (ends_at) where ends_at is not null;
create index on form_submission (mail_at) where mail_at is not null;

-- How often a form was seen, and what became of what was sent, by day (UTC).
create table form_count (
    form_id bigint not null references form (id),
    day     date not null,
    outcome text not null,
    n       bigint not null,
    primary key (form_id, day, outcome)
);
