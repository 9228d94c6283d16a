-- Who is erased is taken out of what other people's changes say: of merges, which are few.
create index on membership_move (other) where other is not null;

-- A live audience whose rule can't be asked (the processor found out): its members stay as they are; fault says why.
alter table audience add column is_unasked boolean not null default false;

-- Of people who are others now what they allowed was left.
delete from profile_state s where s.doc is null and not exists (select from profile p where p.id = s.id);
