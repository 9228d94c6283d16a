SELECT
  TIMESTAMP_MICROS(
    UNIX_MICROS(events.ts) - (
      UNIX_MICROS(FROM_UTC_TIMESTAMP(events.ts, 'Asia/Kathmandu')) - UNIX_MICROS(DATE_TRUNC('hour', FROM_UTC_TIMESTAMP(events.ts, 'Asia/Kathmandu')))
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
  1 ASC NULLS LAST
LIMIT 1000000
