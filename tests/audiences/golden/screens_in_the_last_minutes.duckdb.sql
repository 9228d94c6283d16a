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
    COUNT(*) FILTER(WHERE
      mark_1 AND ts >= CAST('2026-03-01T12:15:00+00:00' AS TIMESTAMPTZ)) AS figure_1
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'screen' AND events.name = 'Checkout' AS mark_1
    FROM (
      SELECT
        given.profile_id,
        given.ts,
        given.event_id,
        given.kind,
        given.name
      FROM events_files AS given
      WHERE
        given.ts >= CAST('2026-03-01T12:15:00+00:00' AS TIMESTAMPTZ)
        AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    WHERE
      events.kind = 'screen' AND events.name = 'Checkout'
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
WHERE
  COALESCE(CAST(COALESCE(did.figure_1, 0) AS DOUBLE) >= CAST(1.0 AS DOUBLE), FALSE)
ORDER BY
  profiles.profile_id
