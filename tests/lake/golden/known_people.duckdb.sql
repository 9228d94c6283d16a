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
      WHEN CAST(TRY(JSON_EXTRACT(given.traits, '$."vip"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.traits, '$."vip"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_1
  FROM profiles_files AS given
) AS profiles
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT 1000000
