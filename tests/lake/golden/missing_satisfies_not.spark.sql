SELECT
  COUNT(*) FILTER(WHERE
    events.property_1 = 'pro') AS is,
  COUNT(*) FILTER(WHERE
    events.property_1 <> 'pro') AS is_other,
  COUNT(*) FILTER(WHERE
    NOT COALESCE(events.property_1 = 'pro', FALSE)) AS is_not,
  COUNT(*) FILTER(WHERE
    NOT COALESCE(events.property_1 = 'pro' OR events.property_2 > CAST(5.0 AS DOUBLE), FALSE)) AS neither
FROM (
  SELECT
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
LIMIT 1000000
