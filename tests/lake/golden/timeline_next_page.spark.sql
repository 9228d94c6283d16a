SELECT
  events.ts AS ts,
  events.position AS position
FROM (
  SELECT
    given.profile_id,
    given.ts,
    given.position,
    given.event_id
  FROM events_files AS given
  WHERE
    given.ts < CAST('2026-05-01T00:00:00.000001+00:00' AS TIMESTAMP)
    AND given.profile_id IN (2, 5)
) AS events
WHERE
  events.ts < CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMP)
  OR (
    events.ts = CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMP)
    AND events.event_id < UNHEX('ffffffffffffffffffffffffffffffff')
  )
ORDER BY
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 20
