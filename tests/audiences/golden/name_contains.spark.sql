SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    given.name,
    given.email,
    CASE
      WHEN STARTSWITH(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'note\']'), '"')
      THEN GET_JSON_OBJECT(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'note\']'), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  (
    COALESCE(
      CONTAINS(
        REPLACE(LOWER(REPLACE(NULLIF(profiles.name, ''), 'İ', 'i')), 'ς', 'σ'),
        'straße \\ \'i\''
      ),
      FALSE
    )
    AND COALESCE(
      STARTSWITH(REPLACE(LOWER(REPLACE(NULLIF(profiles.email, ''), 'İ', 'i')), 'ς', 'σ'), 'ada@'),
      FALSE
    )
    AND NOT COALESCE(
      CONTAINS(REPLACE(LOWER(REPLACE(profiles.property_1, 'İ', 'i')), 'ς', 'σ'), '100 %'),
      FALSE
    )
  )
ORDER BY
  profiles.profile_id NULLS LAST
