SELECT
  events.name AS name,
  COUNT(*) AS n
FROM (
  SELECT
    given.name
  FROM events_files AS given
  WHERE
    given.ts >= CAST('2026-03-01T00:00:00+00:00' AS TIMESTAMP)
    AND given.ts < CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMP)
) AS events
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
