SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.traits, '$."score"')) AS TEXT) AS DOUBLE) AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    NOT COALESCE(profiles.property_1 = CAST(0.0 AS DOUBLE), FALSE)
    AND COALESCE(
      profiles.property_1 >= CAST(-1.5 AS DOUBLE)
      AND profiles.property_1 <= CAST(1000000000000.0 AS DOUBLE),
      FALSE
    )
  )
ORDER BY
  profiles.profile_id
