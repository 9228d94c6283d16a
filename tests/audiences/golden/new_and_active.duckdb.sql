SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.first_seen,
    given.last_seen,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."trial_ends"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."trial_ends"')) AS TEXT), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(
      profiles.first_seen >= CAST('2026-02-22T12:30:15.250000+00:00' AS TIMESTAMPTZ)
      AND profiles.first_seen <= CAST('2026-03-01T12:30:15.250000+00:00' AS TIMESTAMPTZ),
      FALSE
    )
    AND COALESCE(
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
      END >= CAST('2026-03-01T12:30:15.250000+00:00' AS TIMESTAMPTZ)
      AND CASE
        WHEN REGEXP_MATCHES(
          profiles.property_1,
          '^(?:[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?)\z'
        )
        AND LENGTH(profiles.property_1) <= 35
        AND NOT STARTS_WITH(profiles.property_1, '0000')
        AND NOT STARTS_WITH(profiles.property_1, '0001')
        AND NOT STARTS_WITH(profiles.property_1, '9999')
        THEN TRY_CAST(profiles.property_1 AS TIMESTAMPTZ)
      END <= CAST('2026-03-04T12:30:15.250000+00:00' AS TIMESTAMPTZ),
      FALSE
    )
    AND COALESCE(
      profiles.last_seen < CAST('2026-02-28T12:30:15.250000+00:00' AS TIMESTAMPTZ),
      FALSE
    )
  )
ORDER BY
  profiles.profile_id
