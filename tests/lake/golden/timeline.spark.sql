SELECT
  events.ts AS ts,
  events.event_id AS event_id,
  events.property_1 AS plan
FROM (
  SELECT
    given.profile_id,
    given.ts,
    given.event_id,
    given.position,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plan\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plan\']'),
        '$'
      )
    END AS property_1
  FROM events_files AS given
  WHERE
    given.profile_id IN (2, 5)
) AS events
ORDER BY
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 20
