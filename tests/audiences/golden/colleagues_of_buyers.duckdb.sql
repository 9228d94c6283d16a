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
WHERE
  (
    NOT companies.company_id IS NULL
    AND (
      companies.company_id IN (
        SELECT
          company_id
        FROM counts_1
        WHERE
          n >= 3
      )
      AND NOT (
        (
          COALESCE(companies.property_1 >= CAST(50.0 AS DOUBLE), FALSE)
          AND NOT companies.company_id IN (
            SELECT
              company_id
            FROM counts_1
            WHERE
              NOT (
                n = 0
              )
          )
        )
      )
    )
  )
ORDER BY
  profiles.profile_id
