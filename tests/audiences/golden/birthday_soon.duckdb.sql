SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.traits, '$."born"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.traits, '$."born"')) AS TEXT), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(
    STRFTIME(
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
      END,
      '%m-%d'
    ) IN ('03-01', '03-02', '03-03', '03-04', '03-05', '03-06', '03-07', '03-08'),
    FALSE
  )
ORDER BY
  profiles.profile_id
