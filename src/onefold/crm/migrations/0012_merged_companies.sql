-- What tells that two companies may be one, and which: as duplicate_key and duplicate_pair of people.
-- kind = crm/company_duplicates.py: CompanySign.
create table company_duplicate_key (
    company bigint not null,
    key     bigint not null,
    kind    smallint not null,
    primary key (company, key)
);
create index on company_duplicate_key (key);
create table company_duplicate_pair (
    a     bigint not null,
    b     bigint not null,
    kinds smallint not null,
    primary key (a, b)
);
create index on company_duplicate_pair (b);
create index company_duplicate_pair_likeliest on company_duplicate_pair (kinds desc, a desc, b desc);
create index company_apart on company (h) where apart <> '{}';

-- Companies whose signs may be others than those above: rows are added by whoever changes a company.
create table company_to_compare (
    seq     bigint generated always as identity primary key,
    company bigint not null
);
insert into company_to_compare (company) select h from company;
create function note_company_to_compare() returns trigger language plpgsql as $$
begin
    insert into company_to_compare (company) values (case when tg_op = 'DELETE' then old.h else new.h end);
    return null;
end $$;
create trigger company_came after insert or delete on company for each row execute function note_company_to_compare();
create trigger company_says_otherwise after update on company for each row
    when ((old.name, old.head, old.traits -> 'domain', old.traits -> 'phone')
        is distinct from (new.name, new.head, new.traits -> 'domain', new.traits -> 'phone'))
    execute function note_company_to_compare();

-- Which company was said of a record that follows it to the one it was merged into. Others have no row.
create table record_company_said (
    object text not null,                  -- the table
    record bigint not null,
    said   bigint not null,                -- h of a company
    primary key (object, record)
);
create index on record_company_said (said);

-- A company leads elsewhere: its records go along, and those that followed it.
create function move_records_of_company() returns trigger language plpgsql as $$
declare
    was bigint := coalesce(old.head, old.h);
    led bigint := coalesce(new.head, new.h);
    t   text;
begin
    foreach t in array array['deal', 'task', 'activity', 'custom_record'] loop
        execute format('update %1$I r set company = $1 from record_company_said s'
            ' where s.object = %1$L and s.record = r.id and s.said = $2 and r.company = $3', t) using led, new.h, was;
        if led = new.h then
            delete from record_company_said where object = t and said = new.h;
        elsif was = new.h then
            execute format('with moved as ('
                ' update %1$I r set company = $1 where company = $2 and not exists ('
                '     select from record_company_said s where s.object = %1$L and s.record = r.id) returning id'
                ') insert into record_company_said select %1$L, id, $2 from moved', t) using led, new.h;
        end if;
    end loop;
    return null;
end $$;
create trigger company_leads_elsewhere after update of head on company for each row
    when (old.head is distinct from new.head) execute function move_records_of_company();

-- Whoever says another company, or deletes the record, isn't led back.
create function forget_company_said() returns trigger language plpgsql as $$
begin
    delete from record_company_said where object = tg_table_name and record = old.id;
    return null;
end $$;
create trigger company_said_anew after update of company on deal for each row
    when (old.company is distinct from new.company and pg_trigger_depth() = 0) execute function forget_company_said();
create trigger company_said_no_more after delete on deal for each row when (old.company is not null)
    execute function forget_company_said();
create trigger company_said_anew after update of company on task for each row
    when (old.company is distinct from new.company and pg_trigger_depth() = 0) execute function forget_company_said();
create trigger company_said_no_more after delete on task for each row when (old.company is not null)
    execute function forget_company_said();
create trigger company_said_anew after update of company on activity for each row
    when (old.company is distinct from new.company and pg_trigger_depth() = 0) execute function forget_company_said();
create trigger company_said_no_more after delete on activity for each row when (old.company is not null)
    execute function forget_company_said();
create trigger company_said_anew after update of company on custom_record for each row
    when (old.company is distinct from new.company and pg_trigger_depth() = 0) execute function forget_company_said();
create trigger company_said_no_more after delete on custom_record for each row when (old.company is not null)
    execute function forget_company_said();
