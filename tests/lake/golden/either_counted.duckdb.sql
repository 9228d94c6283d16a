SELECT
  COUNT(*) AS profiles
FROM (
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
        events.name = 'it''s \ % _'
        AND events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ) AS did_1,
        events.name = 'Bought' AS did_2
      FROM (
        SELECT
          given.profile_id,
          given.name,
          given.ts
        FROM events_files AS given
      ) AS events
      WHERE
        (
          events.name = 'it''s \ % _'
          AND events.ts >= CAST('2026-05-01T00:00:00+00:00' AS TIMESTAMPTZ)
        )
        OR events.name = 'Bought'
    ) AS deeds
    GROUP BY
      profile_id
  ) AS counted
  WHERE
    did_1 >= 1 OR (
      did_2 >= 9 AND did_2 <= 10
    )
) AS found
