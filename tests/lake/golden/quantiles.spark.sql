SELECT
  events.name AS name,
  PERCENTILE(CAST(events.property_1 AS DOUBLE), 0.5) AS median,
  PERCENTILE(CAST(events.property_1 AS DOUBLE), 0.9) AS p90,
  PERCENTILE(CAST(events.property_1 AS DOUBLE), 0.25) FILTER(WHERE
    events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMP)) AS late
FROM (
  SELECT
    given.name,
    given.ts,
    given.p_amount AS property_1
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT 1000000
