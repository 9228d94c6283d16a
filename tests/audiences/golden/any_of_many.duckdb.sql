SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."plan"')) AS TEXT), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
LEFT JOIN (
  SELECT
    profile_id,
    COUNT(*) FILTER(WHERE
      mark_1 AND ts >= CAST('2026-02-22T12:00:00+00:00' AS TIMESTAMPTZ)) AS figure_1,
    COUNT(*) FILTER(WHERE
      mark_1 AND ts >= CAST('2026-01-30T12:00:00+00:00' AS TIMESTAMPTZ)) AS figure_2,
    COUNT(*) FILTER(WHERE
      mark_2) AS figure_3,
    COUNT(*) FILTER(WHERE
      mark_1) AS figure_4
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'track' AND events.name = 'Order Completed' AS mark_1,
      events.kind = 'track' AND events.name = 'Product Viewed' AS mark_2
    FROM (
      SELECT
        given.profile_id,
        given.ts,
        given.event_id,
        given.kind,
        given.name
      FROM events_files AS given
      WHERE
        given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    WHERE
      events.kind = 'track' AND events.name IN ('Order Completed', 'Product Viewed')
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
WHERE
  (
    (
      COALESCE(CAST(COALESCE(did.figure_1, 0) AS DOUBLE) >= CAST(1.0 AS DOUBLE), FALSE)
      AND COALESCE(CAST(COALESCE(did.figure_2, 0) AS DOUBLE) >= CAST(5.0 AS DOUBLE), FALSE)
    )
    OR NOT (
      (
        COALESCE(CAST(COALESCE(did.figure_3, 0) AS DOUBLE) >= CAST(1.0 AS DOUBLE), FALSE)
        OR COALESCE(CAST(COALESCE(did.figure_4, 0) AS DOUBLE) >= CAST(1.0 AS DOUBLE), FALSE)
      )
    )
    OR (
      COALESCE(profiles.property_1 IN ('pro'), FALSE) AND NOT (
        TRUE
      )
    )
  )
ORDER BY
  profiles.profile_id
