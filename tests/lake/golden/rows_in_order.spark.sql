SELECT
  events.property_1 AS amount,
  events.received_at AS ts,
  events.body AS body
FROM (
  SELECT
    given.received_at,
    given.body,
    given.ts,
    given.event_id,
    given.position,
    given.p_amount AS property_1
  FROM events_files AS given
) AS events
ORDER BY
  1 DESC,
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 50
