SELECT
  profiles.profile_id
FROM (
  SELECT
    given.profile_id,
    GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'tags\']') AS document_1
  FROM profiles_files AS given
) AS profiles
WHERE
  COALESCE(
    CASE
      WHEN STARTSWITH(profiles.document_1, '[')
      THEN EXISTS(
        FROM_JSON(profiles.document_1, 'ARRAY<VARIANT>'),
        element -> (
          SCHEMA_OF_VARIANT(element) = 'STRING'
          AND CAST(element AS STRING) IN ('vip', 'a\'b\\c')
        )
        OR COALESCE(
          CASE
            WHEN SCHEMA_OF_VARIANT(element) RLIKE '^(BIGINT|INT|SMALLINT|TINYINT|DOUBLE|FLOAT|DECIMAL.*)$'
            THEN CAST(element AS DOUBLE) IN (CAST(7.0 AS DOUBLE))
          END,
          FALSE
        )
      )
    END,
    FALSE
  )
ORDER BY
  profiles.profile_id NULLS LAST
