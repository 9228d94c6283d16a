SELECT
  CAST(DATE_TRUNC('day', events.ts) AS DATE) AS day,
  COUNT(DISTINCT events.profile_id) AS people
FROM (
  SELECT
    given.ts,
    given.profile_id
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
