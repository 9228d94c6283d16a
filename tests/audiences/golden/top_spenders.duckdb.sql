SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id
  FROM profiles_files AS given
) AS profiles
LEFT JOIN (
  SELECT
    profile_id,
    SUM(
      CASE
        WHEN value_1 >= CAST(-1000000000000.0 AS DOUBLE)
        AND value_1 <= CAST(1000000000000.0 AS DOUBLE)
        THEN CAST(CAST(FLOOR((
          value_1 * CAST(1000000.0 AS DOUBLE)
        ) + CAST(0.5 AS DOUBLE)) AS BIGINT) AS INT128)
      END
    ) FILTER(WHERE
      mark_1) AS figure_1
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'track' AND events.name = 'Order Completed' AS mark_1,
      events.property_1 AS value_1
    FROM (
      SELECT
        given.profile_id,
        given.ts,
        given.event_id,
        given.kind,
        given.name,
        TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."total"')) AS TEXT) AS DOUBLE) AS property_1
      FROM events_files AS given
      WHERE
        given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    WHERE
      events.kind = 'track' AND events.name IN ('Order Completed')
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
WHERE
  COALESCE(
    (
      CAST(CAST(COALESCE(did.figure_1, 0) AS INT128) AS DOUBLE) / CAST(1000000 AS DOUBLE)
    ) >= CAST(49.5 AS DOUBLE)
    AND (
      CAST(CAST(COALESCE(did.figure_1, 0) AS INT128) AS DOUBLE) / CAST(1000000 AS DOUBLE)
    ) <> CAST(0.0 AS DOUBLE),
    FALSE
  )
ORDER BY
  profiles.profile_id
