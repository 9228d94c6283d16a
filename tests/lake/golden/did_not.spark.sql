SELECT
  profile_id
FROM (
  SELECT
    profile_id,
    COUNT(*) FILTER(WHERE
      did_1) AS did_1,
    COUNT(*) FILTER(WHERE
      did_2) AS did_2
  FROM (
    SELECT
      events.profile_id,
      events.name = 'Bought' AS did_1,
      events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMP) AS did_2
    FROM (
      SELECT
        given.profile_id,
        given.name,
        given.ts
      FROM events_files AS given
    ) AS events
    UNION ALL
    SELECT
      profiles.profile_id,
      FALSE AS did_1,
      FALSE AS did_2
    FROM (
      SELECT
        given.profile_id
      FROM profiles_files AS given
    ) AS profiles
  ) AS deeds
  GROUP BY
    profile_id
) AS counted
WHERE
  (
    did_1 >= 0 AND did_1 <= 0
  ) AND (
    did_2 >= 0 AND did_2 <= 20
  )
ORDER BY
  profile_id NULLS LAST
