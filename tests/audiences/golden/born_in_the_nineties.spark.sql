SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    CASE
      WHEN STARTSWITH(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'born\']'), '"')
      THEN GET_JSON_OBJECT(GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'born\']'), '$')
    END AS property_1
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(
    CASE
      WHEN profiles.property_1 RLIKE '^(?:[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6})?)?(Z|[+-](0\\d|1[0-4]):[0-5]\\d)?)?)\\z'
      AND LENGTH(profiles.property_1) <= 35
      AND NOT STARTSWITH(profiles.property_1, '0000')
      AND NOT STARTSWITH(profiles.property_1, '0001')
      AND NOT STARTSWITH(profiles.property_1, '9999')
      THEN TRY_CAST(profiles.property_1 AS TIMESTAMP)
    END >= CAST('1990-01-01T00:00:00+00:00' AS TIMESTAMP)
    AND CASE
      WHEN profiles.property_1 RLIKE '^(?:[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6})?)?(Z|[+-](0\\d|1[0-4]):[0-5]\\d)?)?)\\z'
      AND LENGTH(profiles.property_1) <= 35
      AND NOT STARTSWITH(profiles.property_1, '0000')
      AND NOT STARTSWITH(profiles.property_1, '0001')
      AND NOT STARTSWITH(profiles.property_1, '9999')
      THEN TRY_CAST(profiles.property_1 AS TIMESTAMP)
    END < CAST('2000-01-01T00:00:00+00:00' AS TIMESTAMP),
    FALSE
  )
ORDER BY
  profiles.profile_id NULLS LAST
