SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.consents
  FROM profiles_files AS given
) AS profiles
WHERE
  NOT (
    COALESCE(CONTAINS(profiles.consents, '"email_marketing":false'), FALSE)
    OR NOT (
      COALESCE(CONTAINS(profiles.consents, '"advertising":true'), FALSE)
      OR COALESCE(CONTAINS(profiles.consents, '"advertising":false'), FALSE)
    )
  )
ORDER BY
  profiles.profile_id NULLS LAST
