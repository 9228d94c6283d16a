SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id
  FROM profiles_files AS given
) AS profiles
LEFT JOIN (
  SELECT
    profile_id,
    LEAST(
      COUNT(DISTINCT value_1) FILTER(WHERE
        mark_1 AND ts >= CAST('2026-02-28T00:00:00+00:00' AS TIMESTAMPTZ)),
      1000
    ) AS figure_1
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'track' AND events.name = 'Product Viewed' AS mark_1,
      events.property_1 AS value_1
    FROM (
      SELECT
        given.profile_id,
        given.ts,
        given.event_id,
        given.kind,
        given.name,
        CASE
          WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."category"')) AS TEXT), '"')
          THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."category"')) AS TEXT), '$')
        END AS property_1
      FROM events_files AS given
      WHERE
        given.ts >= CAST('2026-02-28T00:00:00+00:00' AS TIMESTAMPTZ)
        AND given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    WHERE
      events.kind = 'track' AND events.name IN ('Product Viewed')
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
WHERE
  COALESCE(CAST(COALESCE(did.figure_1, 0) AS DOUBLE) >= CAST(3.0 AS DOUBLE), FALSE)
ORDER BY
  profiles.profile_id
