SELECT
  COUNT(*) FILTER(WHERE
    events.property_1 = 'pro') AS "is",
  COUNT(*) FILTER(WHERE
    events.property_1 <> 'pro') AS is_other,
  COUNT(*) FILTER(WHERE
    NOT COALESCE(events.property_1 = 'pro', FALSE)) AS is_not,
  COUNT(*) FILTER(WHERE
    NOT COALESCE(events.property_1 = 'pro' OR events.property_2 > CAST(5.0 AS DOUBLE), FALSE)) AS neither
FROM (
  SELECT
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '$')
    END AS property_1,
    given.p_amount AS property_2
  FROM events_files AS given
) AS events
LIMIT 1000000
