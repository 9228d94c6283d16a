-- Of an audience that was taken away: whether bringing it back starts it again.
alter table audience add column starts_again boolean not null default false;
