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
      mark_1 AND ts >= since_1) AS figure_1
  FROM (
    SELECT
      events.profile_id,
      events.ts,
      events.event_id,
      events.kind = 'page' AS mark_1,
      begins.since_1
    FROM (
      SELECT
        given.profile_id,
        given.ts,
        given.event_id,
        given.kind
      FROM events_files AS given
      WHERE
        given.ts < CAST('2026-03-01T12:30:15.250001+00:00' AS TIMESTAMPTZ)
    ) AS events
    LEFT JOIN (
      SELECT
        profiles.profile_id,
        DATE_TRUNC(
          'day',
          CASE
            WHEN REGEXP_MATCHES(
              profiles.property_1,
              '^(?:[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?)\z'
            )
            AND LENGTH(profiles.property_1) <= 35
            AND NOT STARTS_WITH(profiles.property_1, '0000')
            AND NOT STARTS_WITH(profiles.property_1, '0001')
            AND NOT STARTS_WITH(profiles.property_1, '9999')
            THEN TRY_CAST(profiles.property_1 AS TIMESTAMPTZ)
          END
        ) AS since_1
      FROM (
        SELECT
          given.profile_id,
          CASE
            WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."signed_up"')) AS TEXT), '"')
            THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."signed_up"')) AS TEXT), '$')
          END AS property_1
        FROM profiles_files AS given
      ) AS profiles
    ) AS begins
      ON begins.profile_id = events.profile_id
    WHERE
      events.kind = 'page'
  ) AS marked
  GROUP BY
    profile_id
) AS did
  ON did.profile_id = profiles.profile_id
WHERE
  COALESCE(CAST(COALESCE(did.figure_1, 0) AS DOUBLE) >= CAST(10.0 AS DOUBLE), FALSE)
ORDER BY
  profiles.profile_id
