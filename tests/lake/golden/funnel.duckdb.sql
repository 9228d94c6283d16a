SELECT
  profile_id,
  ts,
  steps
FROM (
  SELECT
    events.profile_id,
    events.ts,
    CAST(CASE WHEN events.name = 'Opened' THEN 1 ELSE 0 END + CASE WHEN events.name = 'Bought' THEN 2 ELSE 0 END + CASE WHEN events.property_1 > CAST(10.0 AS DOUBLE) THEN 4 ELSE 0 END AS BIGINT) AS steps
  FROM (
    SELECT
      given.name,
      given.profile_id,
      given.ts,
      given.p_amount AS property_1
    FROM events_files AS given
  ) AS events
) AS marked
WHERE
  steps > 0
