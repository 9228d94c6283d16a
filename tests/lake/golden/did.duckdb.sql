SELECT
  profile_id
FROM (
  SELECT
    profile_id,
    COUNT(*) FILTER(WHERE
      did_1) AS did_1,
    COUNT(*) FILTER(WHERE
      did_2) AS did_2
  FROM (
    SELECT
      events.profile_id,
      events.name = 'Bought' AS did_1,
      events.property_1 > CAST(25.0 AS DOUBLE)
      AND events.ts >= CAST('2026-03-01T00:00:00+00:00' AS TIMESTAMPTZ)
      AND events.ts < CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ) AS did_2
    FROM (
      SELECT
        given.profile_id,
        given.name,
        given.ts,
        given.p_amount AS property_1
      FROM events_files AS given
    ) AS events
    WHERE
      events.name = 'Bought'
      OR (
        events.property_1 > CAST(25.0 AS DOUBLE)
        AND events.ts >= CAST('2026-03-01T00:00:00+00:00' AS TIMESTAMPTZ)
        AND events.ts < CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ)
      )
  ) AS deeds
  GROUP BY
    profile_id
) AS counted
WHERE
  did_1 >= 3 AND did_2 >= 1
ORDER BY
  profile_id
