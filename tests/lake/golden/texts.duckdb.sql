SELECT
  events.name AS name,
  COUNT(*) AS n
FROM (
  SELECT
    given.name,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '$')
    END AS property_1
  FROM events_files AS given
) AS events
WHERE
  STARTS_WITH(events.name, 'Bo')
  OR CONTAINS(events.name, '''s \ %')
  OR CONTAINS(events.property_1, 'ä')
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT 1000000
