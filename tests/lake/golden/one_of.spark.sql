SELECT
  events.property_1 AS plan,
  COUNT(*) AS n
FROM (
  SELECT
    given.name,
    given.source_id,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plan\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plan\']'),
        '$'
      )
    END AS property_1,
    given.p_amount AS property_2
  FROM events_files AS given
) AS events
WHERE
  events.name IN ('Bought', 'Opened')
  AND events.source_id IN (1, 2)
  AND NOT events.property_2 IS NULL
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
