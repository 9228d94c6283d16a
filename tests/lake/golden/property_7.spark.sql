SELECT
  COUNT(*) FILTER(WHERE
    NOT events.property_1 IS NULL) AS longs,
  CAST(SUM(events.property_1) FILTER(WHERE
    events.property_1 < 1099511627776) AS BIGINT) AS long_sum,
  COUNT(DISTINCT events.property_2) AS doubles,
  MIN(events.property_2) AS least,
  MAX(events.property_3) AS texts,
  COUNT(*) FILTER(WHERE
    events.property_4 = TRUE) AS yes,
  COUNT(*) FILTER(WHERE
    events.property_4 = FALSE) AS no
FROM (
  SELECT
    given.name,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') RLIKE '^-?[0-9]+$'
      THEN CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') AS BIGINT)
    END AS property_1,
    CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') AS DOUBLE) AS property_2,
    CASE
      WHEN STARTSWITH(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']'), '"')
      THEN GET_JSON_OBJECT(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']'), '$')
    END AS property_3,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') = 'false'
      THEN FALSE
    END AS property_4
  FROM events_files AS given
) AS events
WHERE
  events.name <> 'never'
LIMIT 1000000
