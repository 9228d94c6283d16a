-- sources: what pages and the fold need to know of them
select id, slug, name, priority from source order by id
