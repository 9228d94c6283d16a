SELECT
  cohort,
  week,
  COUNT(*) FILTER(WHERE
    week = 0) AS joined,
  COUNT(*) FILTER(WHERE
    n_returned > 0) AS returned
FROM (
  SELECT
    cohort,
    n_returned,
    CAST(DATEDIFF(DAY, cohort, week_of) / 7 AS BIGINT) AS week
  FROM (
    SELECT
      week_of,
      n_returned,
      MIN(CASE WHEN n_first > 0 THEN week_of END) OVER (PARTITION BY profile_id) AS cohort
    FROM (
      SELECT
        events.profile_id,
        CAST(DATE_TRUNC('week', events.ts) AS DATE) AS week_of,
        COUNT(*) AS n_first,
        COUNT(*) AS n_returned
      FROM (
        SELECT
          given.ts,
          given.profile_id
        FROM events_files AS given
        WHERE
          given.ts >= CAST('2026-03-01T00:00:00+00:00' AS TIMESTAMP)
      ) AS events
      GROUP BY
        1,
        2
    ) AS weekly
  ) AS cohorts
  WHERE
    week_of >= cohort
) AS numbered
WHERE
  (
    n_returned > 0 OR week = 0
  ) AND week <= 3
GROUP BY
  cohort,
  week
ORDER BY
  cohort ASC NULLS LAST,
  week ASC NULLS LAST
