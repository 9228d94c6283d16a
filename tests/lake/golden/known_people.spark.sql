SELECT
  profiles.is_known AS is_known,
  profiles.property_1 AS vip,
  COUNT(*) AS n,
  MIN(profiles.first_seen) AS first
FROM (
  SELECT
    given.is_known,
    given.first_seen,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'vip\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.traits, ']'), '$[*][\'vip\']') = 'false'
      THEN FALSE
    END AS property_1
  FROM profiles_files AS given
) AS profiles
GROUP BY
  1,
  2
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST
LIMIT 1000000
