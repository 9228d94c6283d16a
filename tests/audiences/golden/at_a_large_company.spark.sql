SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.company_id
  FROM profiles_files AS given
) AS profiles
LEFT JOIN (
  SELECT
    given.company_id,
    given.name,
    given.first_seen,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'employees\']') AS DOUBLE) AS property_1
  FROM companies_files AS given
) AS companies
  ON companies.company_id = profiles.company_id
WHERE
  (
    NOT companies.company_id IS NULL
    AND (
      COALESCE(companies.property_1 >= CAST(500.0 AS DOUBLE), FALSE)
      AND NOT (
        COALESCE(NULLIF(companies.name, '') IN ('Acme'), FALSE)
      )
      AND COALESCE(companies.first_seen >= CAST('2026-01-01T00:00:00+00:00' AS TIMESTAMP), FALSE)
    )
  )
ORDER BY
  profiles.profile_id NULLS LAST
