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
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.traits, '$."employees"')) AS TEXT) AS DOUBLE) AS property_1
  FROM companies_files AS given
) AS companies
  ON companies.company_id = profiles.company_id
LEFT JOIN counts_1
  ON counts_1.company_id = companies.company_id
WHERE
  (
    NOT companies.company_id IS NULL
    AND (
      (
        COALESCE(counts_1.n, 0) >= 3
      )
      AND NOT (
        (
          COALESCE(companies.property_1 >= CAST(50.0 AS DOUBLE), FALSE)
          AND (
            COALESCE(counts_1.n, 0) = 0
          )
        )
      )
    )
  )
ORDER BY
  profiles.profile_id
