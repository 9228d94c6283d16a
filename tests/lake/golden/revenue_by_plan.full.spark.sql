SELECT
  events.property_1 AS plan,
  SUM(events.property_2) AS total,
  AVG(events.property_2) AS mean,
  MIN(events.property_2) AS least,
  MAX(events.property_2) AS most
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
    END AS property_1,
    given.p_amount AS property_2
  FROM events_files AS given
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM gone
      WHERE
        gone.position = given.position
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
  UNION ALL
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
    END AS property_1,
    given.p_amount AS property_2
  FROM events_hot AS given
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
) AS events
WHERE
  events.name = 'Bought'
GROUP BY
  1
ORDER BY
  2 DESC,
  1 ASC NULLS LAST
LIMIT 1000000
