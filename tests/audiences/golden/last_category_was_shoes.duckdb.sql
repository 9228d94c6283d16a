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
    ARG_MAX(value_1, {'ts': ts, 'event_id': event_id}) FILTER(WHERE
      mark_1 AND NOT value_1 IS NULL) AS figure_1,
    SUM(CASE WHEN value_1 IN ('hats') THEN 1 ELSE 0 END) FILTER(WHERE
      mark_1 AND ts >= CAST('2026-01-30T12:00:00+00:00' AS TIMESTAMPTZ)) AS figure_2,
    MAX(EPOCH_US(ts)) FILTER(WHERE
      mark_2) AS figure_3
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'track' AND events.name = 'Product Viewed' AS mark_1,
      events.kind = 'track' AND events.name = 'Order Completed' AS mark_2,
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
        given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    WHERE
      events.kind = 'track' AND events.name IN ('Order Completed', 'Product Viewed')
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
LEFT JOIN (
  SELECT
    profile_id,
    value
  FROM (
    SELECT
      profile_id,
      value,
      ROW_NUMBER() OVER (PARTITION BY profile_id ORDER BY n DESC, value NULLS FIRST) AS place
    FROM (
      SELECT
        profile_id,
        value_1 AS value,
        COUNT(*) AS n
      FROM (
        SELECT
          events.profile_id,
          events.ts,
          events.event_id,
          events.kind = 'track' AND events.name = 'Product Viewed' AS mark_1,
          events.kind = 'track' AND events.name = 'Order Completed' AS mark_2,
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
            given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
        ) AS events
        WHERE
          events.kind = 'track' AND events.name IN ('Order Completed', 'Product Viewed')
      ) AS marked
      WHERE
        mark_1 AND NOT value_1 IS NULL
      GROUP BY
        profile_id,
        value_1
    ) AS counted
  ) AS ranked
  WHERE
    place = 1
) AS frequent_1
  ON frequent_1.profile_id = profiles.profile_id
WHERE
  (
    COALESCE(did.figure_1 IN ('shoes'), FALSE)
    AND NOT (
      COALESCE(did.figure_2, 0) > 0
    )
    AND COALESCE(frequent_1.value IN ('shoes', 'boots'), FALSE)
    AND COALESCE(
      CASE
        WHEN did.figure_3 > 1772368215250000
        THEN CAST(0.0 AS DOUBLE)
        ELSE CAST(FLOOR(
          (
            CAST(1772368215250000 - did.figure_3 AS DOUBLE)
          ) / CAST(86400000000.0 AS DOUBLE)
        ) AS DOUBLE)
      END <= CAST(30.0 AS DOUBLE),
      FALSE
    )
  )
ORDER BY
  profiles.profile_id
