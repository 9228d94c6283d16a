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
  events.property_20 AS as_boolean_4,
  events.property_21 AS as_string_5,
  events.property_22 AS as_double_5,
  events.property_23 AS as_long_5,
  events.property_24 AS as_boolean_5
FROM (
  SELECT
    given.position,
    given.ts,
    given.event_id,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']'),
        '$'
      )
    END AS property_1,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']') AS DOUBLE) AS property_2,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']') AS BIGINT)
    END AS property_3,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'plain\']') = 'false'
      THEN FALSE
    END AS property_4,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']'),
        '$'
      )
    END AS property_5,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']') AS DOUBLE) AS property_6,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']') AS BIGINT)
    END AS property_7,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'do.t\']') = 'false'
      THEN FALSE
    END AS property_8,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']'),
        '$'
      )
    END AS property_9,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']') AS DOUBLE) AS property_10,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']') AS BIGINT)
    END AS property_11,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'quo"te\']') = 'false'
      THEN FALSE
    END AS property_12,
    CASE
      WHEN STARTSWITH(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
        END,
        '"'
      )
      THEN GET_JSON_OBJECT(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
        END,
        '$'
      )
    END AS property_13,
    TRY_CAST(CASE
      WHEN SCHEMA_OF_VARIANT(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
      ) = 'STRING'
      THEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
      )
      ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
    END AS DOUBLE) AS property_14,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
      END RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
      END AS BIGINT)
    END AS property_15,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
      END = 'true'
      THEN TRUE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: VARIANT>>').`properties`.`it's`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`it\'s`: STRING>>').`properties`.`it's`
      END = 'false'
      THEN FALSE
    END AS property_16,
    CASE
      WHEN STARTSWITH(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']'),
        '"'
      )
      THEN GET_JSON_OBJECT(
        GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']'),
        '$'
      )
    END AS property_17,
    TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']') AS DOUBLE) AS property_18,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']') RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']') AS BIGINT)
    END AS property_19,
    CASE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']') = 'true'
      THEN TRUE
      WHEN GET_JSON_OBJECT(CONCAT('[', given.body, ']'), '$[*][\'properties\'][\'sp ace\']') = 'false'
      THEN FALSE
    END AS property_20,
    CASE
      WHEN STARTSWITH(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
        END,
        '"'
      )
      THEN GET_JSON_OBJECT(
        CASE
          WHEN SCHEMA_OF_VARIANT(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
          ) = 'STRING'
          THEN TO_JSON(
            FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
          )
          ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
        END,
        '$'
      )
    END AS property_21,
    TRY_CAST(CASE
      WHEN SCHEMA_OF_VARIANT(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
      ) = 'STRING'
      THEN TO_JSON(
        FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
      )
      ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
    END AS DOUBLE) AS property_22,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
      END RLIKE '^-?[0-9]+$'
      THEN TRY_CAST(CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
      END AS BIGINT)
    END AS property_23,
    CASE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
      END = 'true'
      THEN TRUE
      WHEN CASE
        WHEN SCHEMA_OF_VARIANT(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        ) = 'STRING'
        THEN TO_JSON(
          FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: VARIANT>>').`properties`.`*`
        )
        ELSE FROM_JSON(given.body, 'STRUCT<`properties`: STRUCT<`*`: STRING>>').`properties`.`*`
      END = 'false'
      THEN FALSE
    END AS property_24
  FROM events_files AS given
) AS events
ORDER BY
  1 ASC NULLS LAST,
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 1000
