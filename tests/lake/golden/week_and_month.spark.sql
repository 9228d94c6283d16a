SELECT
  CAST(DATE_TRUNC('week', events.ts) AS DATE) AS week,
  CAST(DATE_TRUNC('month', FROM_UTC_TIMESTAMP(events.ts, 'Pacific/Auckland')) AS DATE) AS month,
  COUNT(*) AS n
FROM (
  SELECT
    given.ts
  FROM events_files AS given
) AS events
GROUP BY
  1,
  2
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST
LIMIT 1000000
