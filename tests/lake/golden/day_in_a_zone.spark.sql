SELECT
  CAST(DATE_TRUNC('day', FROM_UTC_TIMESTAMP(events.ts, 'America/New_York')) AS DATE) AS day,
  COUNT(*) AS n
FROM (
  SELECT
    given.ts
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
