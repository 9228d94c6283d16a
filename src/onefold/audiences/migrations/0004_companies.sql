-- Audiences of companies, and how many of a company's people are in an audience of people.

alter table audience
    add column is_of_companies boolean not null default false,
    add column watches_companies boolean not null default false,  -- a rule that it has or had asks of companies
    add column counted_at timestamptz;  -- of a rule that counts people: since when all companies that have some are told
create index on audience (id) where watches_companies;

-- Rules of before that ask it.
update audience set watches_companies = true
where exists (select from audience_version v where v.audience = audience.id and v.rule::text like '%"company"%');

-- In `membership` and `membership_change` `profile` is the company's hash where the audience is of companies.

-- Companies to look at as soon as may be. Rows are only added, by whoever changes something, and taken by the processor.
create table company_look (
    seq     bigint generated always as identity primary key,
    company bigint not null,
    at      timestamptz not null default now(),
    cause   smallint not null,                      -- audiences/membership.py: Cause
    is_told boolean not null default false          -- its name or traits are others: people's rules may ask for them
);

-- Companies to look at when their time has come; written by the processor alone.
create table company_due (
    company bigint primary key,
    due_at  timestamptz not null
);
create index on company_due (due_at);

-- How many of a company's people are in an audience, when it was looked at last; none: no row.
create table company_people (
    company  bigint not null,
    audience integer not null,
    n        integer not null,
    primary key (company, audience)
);
create index on company_people (audience);

-- Whoever writes people and companies (batches, retractions, erasures, rebuilds) tells it by these triggers, so that none
-- can forget to. They cost nothing while no rule asks for companies.
create function note_company_of_person() returns trigger language plpgsql as $$
begin
    if exists (select from audience where watches_companies) then
        insert into company_look (company, cause)
        select distinct h, 7 from unnest(array[
            case when tg_op <> 'INSERT' then old.company end, case when tg_op <> 'DELETE' then new.company end
        ]) moved(h) where h is not null;
    end if;
    return null;
end $$;
create trigger company_of_new after insert on profile for each row when (new.company is not null)
    execute function note_company_of_person();
create trigger company_of_moved after update of company on profile for each row
    when (old.company is distinct from new.company) execute function note_company_of_person();
create trigger company_of_gone after delete on profile for each row when (old.company is not null)
    execute function note_company_of_person();

create function note_company() returns trigger language plpgsql as $$
begin
    if exists (select from audience where watches_companies) then
        insert into company_look (company, cause, is_told) values (
            case when tg_op = 'DELETE' then old.h else new.h end, case when tg_op = 'DELETE' then 5 else 1 end,
            tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.name, old.traits) is distinct from (new.name, new.traits))
        );
    end if;
    return null;
end $$;
create trigger company_made after insert or delete on company for each row execute function note_company();
create trigger company_changed after update on company for each row
    when ((old.name, old.traits, old.first_seen, old.last_seen)
        is distinct from (new.name, new.traits, new.first_seen, new.last_seen))
    execute function note_company();
