SELECT
  CAST(DATE_TRUNC('week', MAKE_TIMESTAMP(EPOCH_US(events.ts))) AS DATE) AS week,
  CAST(DATE_TRUNC('month', events.ts AT TIME ZONE 'Pacific/Auckland') AS DATE) AS month,
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
  1 ASC,
  2 ASC
LIMIT 1000000
