SELECT
  events.ts AS ts,
  events.event_id AS event_id,
  events.property_1 AS plan
FROM (
  SELECT
    COALESCE(moved.profile_id, given.profile_id) AS profile_id,
    given.ts,
    given.event_id,
    given.position,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '$')
    END AS property_1
  FROM events_files AS given
  LEFT JOIN overrides AS moved
    ON given.fragment_id = moved.fragment_id
  WHERE
    (
      (
        given.profile_id IN (2, 5) OR given.fragment_id IN (5)
      )
      AND NOT EXISTS(
        SELECT
          1
        FROM gone
        WHERE
          gone.position = given.position
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
  UNION ALL
  SELECT
    COALESCE(moved.profile_id, given.profile_id) AS profile_id,
    given.ts,
    given.event_id,
    given.position,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plan"')) AS TEXT), '$')
    END AS property_1
  FROM events_hot AS given
  LEFT JOIN overrides AS moved
    ON given.fragment_id = moved.fragment_id
  WHERE
    (
      given.profile_id IN (2, 5) OR given.fragment_id IN (5)
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM withheld
      WHERE
        withheld.fragment_id = given.fragment_id
    )
) AS events
WHERE
  events.profile_id IN (2, 5)
ORDER BY
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 20
