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
        WHEN events.kind = 'track' AND events.name = 'Product Viewed'
        THEN CAST(1 AS BIGINT)
        ELSE 0
      END + CASE
        WHEN (
          events.kind = 'track' AND events.name = 'Product Added'
        )
        AND COALESCE(events.property_1 >= CAST(20.0 AS DOUBLE), FALSE)
        THEN CAST(2 AS BIGINT)
        ELSE 0
      END + CASE
        WHEN events.kind = 'track' AND events.name = 'Order Completed'
        THEN CAST(4 AS BIGINT)
        ELSE 0
      END + CASE
        WHEN events.kind = 'track' AND events.name = 'Coupon Entered'
        THEN CAST(8 AS BIGINT)
        ELSE 0
      END
    ) AS BIGINT) AS steps
  FROM (
    SELECT
      given.kind,
      given.name,
      given.profile_id,
      given.ts,
      TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'price\']') AS DOUBLE) AS property_1
    FROM events_files AS given
    WHERE
      given.ts >= CAST('2025-12-01T12:00:00+00:00' AS TIMESTAMP)
      AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMP)
  ) AS events
  WHERE
    events.kind = 'track'
    AND events.name IN ('Coupon Entered', 'Order Completed', 'Product Added', 'Product Viewed')
) AS marked
WHERE
  steps > 0
