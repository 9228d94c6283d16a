-- Who is erased is taken out of what other people's changes say: of merges, which are few.
create index on membership_move (other) where other is not null;
