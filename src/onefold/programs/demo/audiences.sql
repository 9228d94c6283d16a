-- has_some: whether somebody made one, removed or not
select exists (select from audience) or exists (select from computed_trait)

-- is_filling: some audience that was started and is not live yet
select 1 from audience where state = 'filling' and trashed_at is null limit 1
