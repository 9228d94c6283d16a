SELECT
  COUNT(*) AS n
FROM (
  SELECT
    1 AS one
  FROM events_files AS given
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM gone
      WHERE
        gone.position = given.position
    )
  UNION ALL
  SELECT
    1 AS one
  FROM events_hot AS given
) AS events
LIMIT 1000000
