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
    COUNT(*) FILTER(WHERE
      mark_1 AND ts >= CAST('2026-02-22T12:00:00+00:00' AS TIMESTAMPTZ)) AS figure_1
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      (
        events.kind = 'track' AND events.name = 'Product Viewed'
      )
      AND (
        COALESCE(events.property_1 IN ('shoes', 'women''s shoes'), FALSE)
        AND COALESCE(
          events.property_2 >= CAST(100.0 AS DOUBLE)
          AND events.property_2 <= CAST(500.0 AS DOUBLE),
          FALSE
        )
        AND NOT (
          COALESCE(
            CASE
              WHEN STARTS_WITH(events.document_1, '[')
              THEN COALESCE(
                LIST_BOOL_OR(
                  LIST_TRANSFORM(
                    CAST(JSON_EXTRACT(events.document_1, '$[*]') AS TEXT[]),
                    LAMBDA element : element IN ('"sale"') OR TRY_CAST(element AS DOUBLE) IN (CAST(50.0 AS DOUBLE))
                  )
                ),
                FALSE
              )
            END,
            FALSE
          )
        )
      ) AS mark_1
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
        END AS property_1,
        TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."price"')) AS TEXT) AS DOUBLE) AS property_2,
        CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."labels"')) AS TEXT) AS document_1
      FROM events_files AS given
      WHERE
        given.ts >= CAST('2026-02-22T12:00:00+00:00' AS TIMESTAMPTZ)
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
  COALESCE(CAST(COALESCE(did.figure_1, 0) AS DOUBLE) >= CAST(1.0 AS DOUBLE), FALSE)
ORDER BY
  profiles.profile_id
