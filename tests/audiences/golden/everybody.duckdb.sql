SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id
  FROM profiles_files AS given
) AS profiles
WHERE
  TRUE
ORDER BY
  profiles.profile_id
