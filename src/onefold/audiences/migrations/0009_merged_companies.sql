-- As in 0004: also when a company leads elsewhere.
drop trigger company_changed on company;
create trigger company_changed after update on company for each row
    when ((old.name, old.traits, old.first_seen, old.last_seen, old.head)
        is distinct from (new.name, new.traits, new.first_seen, new.last_seen, new.head))
    execute function note_company();
