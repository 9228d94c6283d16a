SELECT
  COUNT(*) FILTER(WHERE
    events.name = 'Bought') AS bought,
  COUNT(*) FILTER(WHERE
    NOT COALESCE(events.name = 'Bought', FALSE)) AS others,
  COUNT(DISTINCT events.profile_id) FILTER(WHERE
    events.name = 'Bought') AS buyers,
  MAX(events.ts) FILTER(WHERE
    events.property_1 >= CAST(20.0 AS DOUBLE)) AS last
FROM (
  SELECT
    given.name,
    given.profile_id,
    given.ts,
    given.p_amount AS property_1
  FROM events_files AS given
) AS events
LIMIT 1000000
