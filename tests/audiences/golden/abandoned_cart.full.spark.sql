SELECT
  profiles.profile_id
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
WHERE
  profiles.profile_id IN (
    SELECT
      profile_id
    FROM walked_1
    WHERE
      place = 0
  )
ORDER BY
  profiles.profile_id NULLS LAST

-- walked_1, of whom is found by walking:
SELECT
  profile_id,
  ts,
  steps
FROM (
  SELECT
    events.profile_id,
    events.ts,
    CAST((
      0 + CASE
        WHEN events.kind = 'track' AND events.name = 'Product Added'
        THEN CAST(1 AS BIGINT)
        ELSE 0
      END + CASE
        WHEN events.kind = 'track' AND events.name = 'Order Completed'
        THEN CAST(2 AS BIGINT)
        ELSE 0
      END
    ) AS BIGINT) AS steps
  FROM (
    SELECT
      given.kind,
      given.name,
      COALESCE(moved.profile_id, given.profile_id) AS profile_id,
      given.ts
    FROM events_files AS given
    LEFT JOIN overrides AS moved
      ON given.fragment_id = moved.fragment_id
    WHERE
      (
        (
          given.ts >= CAST('2026-02-26T12:00:00+00:00' AS TIMESTAMP)
          AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMP)
        )
        AND NOT EXISTS(
          SELECT
            1
          FROM gone
          WHERE
            gone.position = given.position
        )
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
      given.kind,
      given.name,
      COALESCE(moved.profile_id, given.profile_id) AS profile_id,
      given.ts
    FROM events_hot AS given
    LEFT JOIN overrides AS moved
      ON given.fragment_id = moved.fragment_id
    WHERE
      (
        given.ts >= CAST('2026-02-26T12:00:00+00:00' AS TIMESTAMP)
        AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMP)
      )
      AND NOT EXISTS(
        SELECT
          1
        FROM withheld
        WHERE
          withheld.fragment_id = given.fragment_id
      )
  ) AS events
  WHERE
    events.kind = 'track' AND events.name IN ('Order Completed', 'Product Added')
) AS marked
WHERE
  steps > 0
