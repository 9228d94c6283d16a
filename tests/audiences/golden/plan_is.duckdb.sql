SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.name,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"')) AS TEXT), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(profiles.property_1 IN ('pro', 'it''s "free"'), FALSE)
    OR NOT COALESCE(NULLIF(profiles.name, '') IN ('Ada'), FALSE)
  )
ORDER BY
  profiles.profile_id
