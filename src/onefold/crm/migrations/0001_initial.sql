-- Records of the CRM. A `person` is an anchor: h of an identifier (node), whose profile is looked up when it is read, so
-- that it follows every merge and split; a `company` is h of a company. Neither has a foreign key: both are caches of the
-- fold of events, and come back when they are rebuilt.

create table pipeline (
    id          bigint generated always as identity primary key,
    name        text not null,
    place       integer not null,
    archived_at timestamptz
);

create table stage (
    id             bigint generated always as identity primary key,
    pipeline       bigint not null references pipeline,
    name           text not null,
    place          integer not null,
    state          text not null check (state in ('open', 'won', 'lost')),
    probability    smallint not null check (probability between 0 and 100),
    required       text[] not null default '{}',  -- fields that must have a value before a deal enters
    checklist      text[] not null default '{}',  -- what must be ticked before
    stale_days     integer,                       -- without an activity for so long a deal is stale; null = never
    archived_at    timestamptz
);
create index on stage (pipeline, place);

-- Of the workspace's currency, so many are one of this: what sums over currencies are made with.
create table exchange_rate (
    currency text primary key check (currency ~ '^[A-Z]{3}$'),
    rate     numeric(20, 10) not null check (rate > 0)
);

create table product (
    id         bigint generated always as identity primary key,
    name       text not null,
    code       text not null default '',
    price      numeric(18, 2),
    currency   text not null default '',
    owner      bigint references accounts_user on delete set null,
    custom     jsonb not null default '{}',
    search     text generated always as (lower(name || ' ' || code)) stored,
    created_at timestamptz not null default now(),
    created_by text not null,
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
);
create unique index on product (code) where code <> '' and deleted_at is null;

create table deal (
    id           bigint generated always as identity primary key,
    name         text not null,
    pipeline     bigint not null references pipeline,
    stage        bigint not null references stage,
    state        text not null check (state in ('open', 'won', 'lost')),  -- its stage's
    amount       numeric(18, 2),
    currency     text not null default '',
    home_amount  numeric(18, 2),            -- in the workspace's currency; null = no rate
    weighted     numeric(18, 2),            -- home_amount by the stage's probability
    close_on     date,
    closed_at    timestamptz,
    owner        bigint references accounts_user on delete set null,
    person       bigint,                    -- the one it is mostly done with
    company      bigint,
    source       text not null default '',
    lost_reason  text not null default '',
    next_step    text not null default '',
    checked      text[] not null default '{}',
    stage_at     timestamptz not null default now(),
    next_task_at timestamptz,               -- of its open tasks the first due; kept by those who write tasks
    active_at    timestamptz not null default now(),  -- when somebody last did something about it
    custom       jsonb not null default '{}',
    search       text generated always as (lower(name)) stored,
    created_at   timestamptz not null default now(),
    created_by   text not null,
    updated_at   timestamptz not null default now(),
    deleted_at   timestamptz
) with (fillfactor = 85);
create index on deal (pipeline, stage, stage_at desc, id desc) where deleted_at is null;
create index on deal (state, close_on, id) where deleted_at is null;
create index on deal (owner, state, id) where deleted_at is null;
create index on deal (person) where person is not null;
create index on deal (company) where company is not null;
create index on deal (created_at, id);
create index on deal (home_amount, id) where deleted_at is null;
create index on deal using gin (search gin_trgm_ops);
create index on deal using gin (custom jsonb_path_ops);

create table deal_item (
    id       bigint generated always as identity primary key,
    deal     bigint not null references deal on delete cascade,
    product  bigint references product,
    name     text not null,
    quantity numeric(14, 3) not null,
    price    numeric(18, 2) not null,
    discount numeric(5, 2) not null default 0 check (discount between 0 and 100),  -- percent
    place    integer not null
);
create index on deal_item (deal, place);

-- How long a deal stood in a stage: what is known of time and conversion. left_at null = it stands there.
create table deal_stay (
    deal       bigint not null references deal on delete cascade,
    stage      bigint not null references stage,
    entered_at timestamptz not null,
    left_at    timestamptz
);
create index on deal_stay (deal, entered_at);
create index on deal_stay (stage, entered_at);

create table task (
    id         bigint generated always as identity primary key,
    name       text not null,
    kind       text not null default 'todo',
    note       text not null default '',
    due_at     timestamptz,
    remind_at  timestamptz,
    reminded_at timestamptz,
    priority   text not null default 'normal',
    done_at    timestamptz,
    owner      bigint references accounts_user on delete set null,
    person     bigint,
    company    bigint,
    deal       bigint references deal,
    custom     jsonb not null default '{}',
    search     text generated always as (lower(name)) stored,
    created_at timestamptz not null default now(),
    created_by text not null,
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index on task (owner, due_at, id) where done_at is null and deleted_at is null;
create index on task (due_at, id) where deleted_at is null;
create index on task (deal, due_at) where done_at is null and deleted_at is null;
create index on task (person) where person is not null;
create index on task (company) where company is not null;
create index on task (remind_at) where remind_at is not null and reminded_at is null and done_at is null and deleted_at is null;
create index on task using gin (search gin_trgm_ops);
create index on task using gin (custom jsonb_path_ops);

create table activity (
    id         bigint generated always as identity primary key,
    kind       text not null,
    name       text not null default '',
    at         timestamptz not null,
    duration_s integer,
    direction  text not null default '',
    outcome    text not null default '',
    number     text not null default '',
    body       text not null default '',
    transcript text not null default '',
    recording  text not null default '',
    owner      bigint references accounts_user on delete set null,
    person     bigint,
    company    bigint,
    deal       bigint references deal,
    custom     jsonb not null default '{}',
    search     text generated always as (lower(name || ' ' || left(body, 400))) stored,
    created_at timestamptz not null default now(),
    created_by text not null,
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index on activity (at, id) where deleted_at is null;
create index on activity (owner, at, id) where deleted_at is null;
create index on activity (deal, at desc) where deal is not null;
create index on activity (person, at desc) where person is not null;
create index on activity (company, at desc) where company is not null;
create index on activity using gin (search gin_trgm_ops);
create index on activity using gin (custom jsonb_path_ops);

-- Who else a record is about, besides its `person`.
create table record_person (
    object text not null,
    record bigint not null,
    person bigint not null,
    role   text not null default '',
    primary key (object, record, person)
);
create index on record_person (person);

create table attachment (
    id         bigint generated always as identity primary key,
    object     text not null,
    record     text not null,              -- number of a record; of people and companies their id
    name       text not null,
    media_type text not null,
    body       bytea not null,
    created_at timestamptz not null default now(),
    created_by text not null,
    deleted_at timestamptz
);
create index on attachment (object, record);

-- What administrators add: fields of any object, and objects.
create table custom_object (
    id          bigint generated always as identity primary key,
    name        text not null unique,      -- in addresses and the API
    title       text not null,
    plural      text not null,
    icon        text not null,
    place       integer not null,
    archived_at timestamptz
);

create table custom_field (
    id          bigint generated always as identity primary key,
    object      text not null,             -- deal, task, … or the name of a custom object
    name        text not null,
    title       text not null,
    kind        text not null,
    options     jsonb not null default '[]',
    target      text not null default '',  -- of a relation: which object it leads to
    currency    text not null default '',
    is_required boolean not null default false,
    place       integer not null,
    archived_at timestamptz,
    unique (object, name)
);

create table custom_record (
    id         bigint generated always as identity primary key,
    object     bigint not null references custom_object,
    name       text not null,
    owner      bigint references accounts_user on delete set null,
    person     bigint,
    company    bigint,
    deal       bigint references deal,
    custom     jsonb not null default '{}',
    search     text generated always as (lower(name)) stored,
    created_at timestamptz not null default now(),
    created_by text not null,
    updated_at timestamptz not null default now(),
    deleted_at timestamptz
);
create index on custom_record (object, created_at, id) where deleted_at is null;
create index on custom_record (person) where person is not null;
create index on custom_record (company) where company is not null;
create index on custom_record using gin (custom jsonb_path_ops);
create index on custom_record using gin (search gin_trgm_ops);

-- Every change of a record, with what was before: history, and what undo goes by. Rows of one act belong together.
create table record_change (
    id      bigint generated always as identity primary key,
    act     uuid not null,
    object  text not null,
    record  bigint not null,
    at      timestamptz not null default now(),
    actor   text not null,                 -- as the audit calls them: user:alice
    action  text not null check (action in ('created', 'changed', 'deleted', 'restored')),
    changes jsonb not null                 -- field: [before, after]
);
create index on record_change (object, record, id desc);
create index on record_change (act);

-- Companies are searched by name as well.
create index company_search on company using gin (lower(name || ' ' || key) gin_trgm_ops);

-- Somebody's first deal needs somewhere to go. Administrators change it.
insert into pipeline (name, place) values ('Sales', 1);
insert into stage (pipeline, name, place, state, probability, required, stale_days)
select p.id, s.* from pipeline p, (values
    ('Qualified', 1, 'open', 20, '{}'::text[], 14),
    ('Meeting', 2, 'open', 40, '{}', 14),
    ('Proposal', 3, 'open', 60, '{amount}', 14),
    ('Negotiation', 4, 'open', 80, '{amount,close_on}', 7),
    ('Won', 5, 'won', 100, '{amount}', null),
    ('Lost', 6, 'lost', 0, '{lost_reason}', null)
) s(name, place, state, probability, required, stale_days);
