SELECT
  events.position AS position
FROM (
  SELECT
    given.position,
    given.ts,
    given.event_id
  FROM events_files AS given
) AS events
WHERE
  events.event_id = UNHEX('00000000000000000000000000000011')
ORDER BY
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 100
