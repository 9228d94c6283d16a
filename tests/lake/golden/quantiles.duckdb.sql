SELECT
  events.name AS name,
  QUANTILE_CONT(CAST(events.property_1 AS DOUBLE), 0.5) AS median,
  QUANTILE_CONT(CAST(events.property_1 AS DOUBLE), 0.9) AS p90,
  QUANTILE_CONT(CAST(events.property_1 AS DOUBLE), 0.25) FILTER(WHERE
    events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ)) AS late
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
  1 ASC
LIMIT 1000000
