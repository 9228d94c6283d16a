SELECT
  COUNT(*) FILTER(WHERE
    NOT events.property_1 IS NULL) AS longs,
  CAST(SUM(events.property_1) FILTER(WHERE
    events.property_1 < 1099511627776) AS BIGINT) AS long_sum,
  COUNT(DISTINCT events.property_2) AS doubles,
  MIN(events.property_2) AS least,
  MAX(events.property_3) AS texts,
  COUNT(*) FILTER(WHERE
    events.property_4 = TRUE) AS yes,
  COUNT(*) FILTER(WHERE
    events.property_4 = FALSE) AS no
FROM (
  SELECT
    given.name,
    CASE
      WHEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      ) RLIKE '^-?[0-9]+$'
      THEN CAST(TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      ) AS BIGINT)
    END AS property_1,
    CAST(TO_JSON(
      FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
    ) AS DOUBLE) AS property_2,
    CASE
      WHEN STARTSWITH(
        TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ),
        '"'
      )
      THEN GET_JSON_OBJECT(
        TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ),
        '$'
      )
    END AS property_3,
    CASE
      WHEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      ) = 'true'
      THEN TRUE
      WHEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      ) = 'false'
      THEN FALSE
    END AS property_4
  FROM events_files AS given
) AS events
WHERE
  events.name <> 'never'
LIMIT 1000000
