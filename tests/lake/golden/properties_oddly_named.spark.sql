SELECT
  events.position AS position,
  events.property_1 AS as_string_0,
  events.property_2 AS as_double_0,
  events.property_3 AS as_long_0,
  events.property_4 AS as_boolean_0,
  events.property_5 AS as_string_1,
  events.property_6 AS as_double_1,
  events.property_7 AS as_long_1,
  events.property_8 AS as_boolean_1,
  events.property_9 AS as_string_2,
  events.property_10 AS as_double_2,
  events.property_11 AS as_long_2,
  events.property_12 AS as_boolean_2,
  events.property_13 AS as_string_3,
  events.property_14 AS as_double_3,
  events.property_15 AS as_long_3,
  events.property_16 AS as_boolean_3,
  events.property_17 AS as_string_4,
  events.property_18 AS as_double_4,
  events.property_19 AS as_long_4,
  events.property_20 AS as_boolean_4
FROM (
  SELECT
    given.position,
    given.ts,
    given.event_id,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']'),
        '$'
      )
    END AS property_1,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']') AS DOUBLE) AS property_2,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']') AS BIGINT)
    END AS property_3,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'ünï\']') = 'false'
      THEN FALSE
    END AS property_4,
    CASE
      WHEN STARTSWITH(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']'), '"')
      THEN GET_JSON_OBJECT(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']'), '$')
    END AS property_5,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') AS DOUBLE) AS property_6,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') AS BIGINT)
    END AS property_7,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'0\']') = 'false'
      THEN FALSE
    END AS property_8,
    CASE
      WHEN STARTSWITH(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
        END,
        '"'
      )
      THEN GET_JSON_OBJECT(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
        END,
        '$'
      )
    END AS property_9,
    TRY_CAST(CASE
      WHEN SCHEMA_OF_VARIANT(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
      ) = 'STRING'
      THEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
      )
      ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
    END AS DOUBLE) AS property_10,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
      END RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
      END AS BIGINT)
    END AS property_11,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
      END = 'true'
      THEN TRUE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: VARIANT>>').`properties`.`back\slash`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`back\\slash`: STRING>>').`properties`.`back\slash`
      END = 'false'
      THEN FALSE
    END AS property_12,
    CASE
      WHEN STARTSWITH(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
        END,
        '"'
      )
      THEN GET_JSON_OBJECT(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
        END,
        '$'
      )
    END AS property_13,
    TRY_CAST(CASE
      WHEN SCHEMA_OF_VARIANT(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      ) = 'STRING'
      THEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
      )
      ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
    END AS DOUBLE) AS property_14,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
      END RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
      END AS BIGINT)
    END AS property_15,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
      END = 'true'
      THEN TRUE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: VARIANT>>').`properties`.`que?stion`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`que?stion`: STRING>>').`properties`.`que?stion`
      END = 'false'
      THEN FALSE
    END AS property_16,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']'),
        '$'
      )
    END AS property_17,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']') AS DOUBLE) AS property_18,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']') AS BIGINT)
    END AS property_19,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'cart\'][\'total\']') = 'false'
      THEN FALSE
    END AS property_20
  FROM events_files AS given
) AS events
ORDER BY
  1 ASC NULLS LAST,
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 1000
