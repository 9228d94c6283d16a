-- decided: companies of which somebody decided which they are (indexes company_merged, company_apart)
select h, doc from company where merged_into is not null or apart <> '{}' order by h limit %(most)s

-- documents: what was said of these, each by itself (primary key)
select h, doc from company where h = any(%(hashes)s::bigint[])

-- taken_back: whether an event was (primary key)
select from retraction where id = %(event)s
