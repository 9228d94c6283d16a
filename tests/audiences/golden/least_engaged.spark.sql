SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'score\']') AS DOUBLE) AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(profiles.property_1 <= CAST(49.5 AS DOUBLE), FALSE)
ORDER BY
  profiles.profile_id NULLS LAST
