SELECT
  events.name AS name,
  COUNT(*) AS n
FROM (
  SELECT
    given.name,
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
) AS events
WHERE
  STARTSWITH(events.name, 'Bo')
  OR CONTAINS(events.name, '\'s \\ %')
  OR CONTAINS(events.property_1, 'ä')
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
