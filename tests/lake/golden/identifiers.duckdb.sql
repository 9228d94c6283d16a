SELECT
  identifiers.namespace AS namespace,
  COUNT(*) AS n,
  CAST(SUM(identifiers.n_events) AS BIGINT) AS events
FROM (
  SELECT
    given.namespace,
    given.n_events
  FROM identifiers_files AS given
) AS identifiers
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT 1000000
