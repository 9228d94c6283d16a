SELECT
  companies.name AS name,
  companies.property_1 AS seats
FROM (
  SELECT
    given.name,
    given.company_id,
    given.n_events,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'plan\'][\'seats\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'plan\'][\'seats\']') AS BIGINT)
    END AS property_1
  FROM companies_files AS given
) AS companies
WHERE
  companies.n_events > 0
ORDER BY
  companies.company_id ASC NULLS LAST
LIMIT 100
