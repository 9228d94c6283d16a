SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    profiles.profile_id IN (
      SELECT
        profile_id
      FROM list_1
    )
    AND (
      (
        CAST(CAST('0x' || SUBSTRING(MD5(CAST(profiles.profile_id AS TEXT) || ':spring''s'), 1, 8) AS BIGINT) AS DOUBLE) / CAST(4294967296.0 AS DOUBLE)
      ) * CAST(100.0 AS DOUBLE)
    ) < CAST(50.0 AS DOUBLE)
  )
ORDER BY
  profiles.profile_id
