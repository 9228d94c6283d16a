SELECT
  COUNT(*) AS n
FROM (
  SELECT
    1 AS one
  FROM events_files AS given
) AS events
LIMIT 1000000
