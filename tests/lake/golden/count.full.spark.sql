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
    AND NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
  UNION ALL
  SELECT
    1 AS one
  FROM events_hot AS given
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
) AS events
LIMIT 1000000
