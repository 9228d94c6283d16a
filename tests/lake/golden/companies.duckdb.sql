SELECT
  companies.name AS name,
  companies.property_1 AS seats
FROM (
  SELECT
    given.name,
    given.company_id,
    given.n_events,
    CASE
      WHEN REGEXP_MATCHES(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"."seats"')) AS TEXT), '^-?[0-9]+$')
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"."seats"')) AS TEXT) AS BIGINT)
    END AS property_1
  FROM companies_files AS given
) AS companies
WHERE
  companies.n_events > 0
ORDER BY
  companies.company_id ASC
LIMIT 100
