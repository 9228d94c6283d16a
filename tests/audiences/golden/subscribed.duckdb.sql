SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.is_known,
    given.phone,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.traits, '$."newsletter"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.traits, '$."newsletter"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_1,
    CAST(TRY(JSON_EXTRACT(given.traits, '$."a.b"')) AS TEXT) AS document_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(profiles.property_1 = TRUE, FALSE)
    AND COALESCE(profiles.is_known = FALSE, FALSE)
    AND NOT NOT NULLIF(profiles.phone, '') IS NULL
    AND NOT COALESCE(profiles.document_1, 'null') IN ('null', '""')
  )
ORDER BY
  profiles.profile_id
