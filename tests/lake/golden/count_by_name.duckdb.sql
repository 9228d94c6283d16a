SELECT
  events.name AS name,
  COUNT(*) AS n
FROM (
  SELECT
    given.name
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  2 DESC,
  1 ASC
LIMIT 1000000
