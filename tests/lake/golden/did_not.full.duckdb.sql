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
      events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ) AS did_2
    FROM (
      SELECT
        COALESCE(moved.profile_id, given.profile_id) AS profile_id,
        given.name,
        given.ts
      FROM events_files AS given
      LEFT JOIN overrides AS moved
        ON given.fragment_id = moved.fragment_id
      WHERE
        NOT EXISTS(
          SELECT
            1
          FROM gone
          WHERE
            gone.position = given.position
        )
        AND NOT EXISTS(
          SELECT
            1
          FROM withheld
          WHERE
            withheld.fragment_id = given.fragment_id
        )
      UNION ALL
      SELECT
        COALESCE(moved.profile_id, given.profile_id) AS profile_id,
        given.name,
        given.ts
      FROM events_hot AS given
      LEFT JOIN overrides AS moved
        ON given.fragment_id = moved.fragment_id
      WHERE
        NOT EXISTS(
          SELECT
            1
          FROM withheld
          WHERE
            withheld.fragment_id = given.fragment_id
        )
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
      WHERE
        NOT EXISTS(
          SELECT
            1
          FROM profiles_replaced
          WHERE
            profiles_replaced.profile_id = given.profile_id
        )
      UNION ALL
      SELECT
        given.profile_id
      FROM profiles_hot AS given
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
  profile_id
