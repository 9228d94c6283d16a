SELECT
  CAST(DATE_TRUNC('day', events.ts AT TIME ZONE 'America/New_York') AS DATE) AS day,
  COUNT(*) AS n
FROM (
  SELECT
    given.ts
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT 1000000
