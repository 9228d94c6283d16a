SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.name,
    CASE
      WHEN STARTSWITH(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'plan\']'), '"')
      THEN GET_JSON_OBJECT(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'plan\']'), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(profiles.property_1 IN ('pro', 'it\'s "free"'), FALSE)
    OR NOT COALESCE(NULLIF(profiles.name, '') IN ('Ada'), FALSE)
  )
ORDER BY
  profiles.profile_id NULLS LAST
