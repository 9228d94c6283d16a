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
      WHEN REGEXP_MATCHES(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '^-?[0-9]+$')
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) AS BIGINT)
    END AS property_1,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) AS DOUBLE) AS property_2,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '$')
    END AS property_3,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_4
  FROM events_files AS given
) AS events
WHERE
  events.name <> 'never'
LIMIT 1000000
