SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    CAST(TRY(JSON_EXTRACT(given.traits, '$."tags"')) AS TEXT) AS document_1
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(
    CASE
      WHEN STARTS_WITH(profiles.document_1, '[')
      THEN COALESCE(
        LIST_BOOL_OR(
          LIST_TRANSFORM(
            CAST(JSON_EXTRACT(profiles.document_1, '$[*]') AS TEXT[]),
            LAMBDA element : element IN ('"vip"', '"a''b\\c"')
            OR TRY_CAST(element AS DOUBLE) IN (CAST(7.0 AS DOUBLE))
          )
        ),
        FALSE
      )
    END,
    FALSE
  )
ORDER BY
  profiles.profile_id
