SELECT
  MAKE_TIMESTAMPTZ(
    EPOCH_US(events.ts) - (
      EPOCH_US(events.ts AT TIME ZONE 'Europe/Berlin') - EPOCH_US(DATE_TRUNC('hour', events.ts AT TIME ZONE 'Europe/Berlin'))
    )
  ) AS hour,
  COUNT(*) AS n
FROM (
  SELECT
    given.ts
  FROM events_files AS given
) AS events
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT 1000000
