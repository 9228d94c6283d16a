SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.email
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(
    ONEFOLD_RE2_FINDS(NULLIF(profiles.email, ''), '(?i)@(example|beispiel)\\.(com|de)$'),
    FALSE
  )
ORDER BY
  profiles.profile_id NULLS LAST
