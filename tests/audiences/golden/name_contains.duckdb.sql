SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.name,
    given.email,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."note"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."note"')) AS TEXT), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(
      CONTAINS(REPLACE(LOWER(NULLIF(profiles.name, '')), 'ς', 'σ'), 'straße \ ''i'''),
      FALSE
    )
    AND COALESCE(STARTS_WITH(REPLACE(LOWER(NULLIF(profiles.email, '')), 'ς', 'σ'), 'ada@'), FALSE)
    AND NOT COALESCE(CONTAINS(REPLACE(LOWER(profiles.property_1), 'ς', 'σ'), '100 %'), FALSE)
  )
ORDER BY
  profiles.profile_id
