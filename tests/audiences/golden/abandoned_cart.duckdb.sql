SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id
  FROM profiles_files AS given
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
  profiles.profile_id

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
      given.profile_id,
      given.ts
    FROM events_files AS given
    WHERE
      given.ts >= CAST('2026-02-26T12:00:00+00:00' AS TIMESTAMPTZ)
      AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
  ) AS events
  WHERE
    events.kind = 'track' AND events.name IN ('Order Completed', 'Product Added')
) AS marked
WHERE
  steps > 0
