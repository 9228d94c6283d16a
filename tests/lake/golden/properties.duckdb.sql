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
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT), '$')
    END AS property_1,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT) AS DOUBLE) AS property_2,
    CASE
      WHEN REGEXP_MATCHES(
        CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT),
        '^-?[0-9]+$'
      )
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT) AS BIGINT)
    END AS property_3,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."plain"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_4,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '$')
    END AS property_5,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) AS DOUBLE) AS property_6,
    CASE
      WHEN REGEXP_MATCHES(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT), '^-?[0-9]+$')
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) AS BIGINT)
    END AS property_7,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."do.t"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_8,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT), '$')
    END AS property_9,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT) AS DOUBLE) AS property_10,
    CASE
      WHEN REGEXP_MATCHES(
        CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT),
        '^-?[0-9]+$'
      )
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT) AS BIGINT)
    END AS property_11,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."quo\"te"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_12,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT), '$')
    END AS property_13,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT) AS DOUBLE) AS property_14,
    CASE
      WHEN REGEXP_MATCHES(
        CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT),
        '^-?[0-9]+$'
      )
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT) AS BIGINT)
    END AS property_15,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."it''s"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_16,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT), '$')
    END AS property_17,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT) AS DOUBLE) AS property_18,
    CASE
      WHEN REGEXP_MATCHES(
        CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT),
        '^-?[0-9]+$'
      )
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT) AS BIGINT)
    END AS property_19,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '$."properties"."sp ace"')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_20,
    CASE
      WHEN STARTS_WITH(CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT), '"')
      THEN JSON_EXTRACT_STRING(CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT), '$')
    END AS property_21,
    TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT) AS DOUBLE) AS property_22,
    CASE
      WHEN REGEXP_MATCHES(CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT), '^-?[0-9]+$')
      THEN TRY_CAST(CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT) AS BIGINT)
    END AS property_23,
    CASE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT) = 'true'
      THEN TRUE
      WHEN CAST(TRY(JSON_EXTRACT(given.body, '/properties/*')) AS TEXT) = 'false'
      THEN FALSE
    END AS property_24
  FROM events_files AS given
) AS events
ORDER BY
  1 ASC,
  events.ts DESC,
  events.event_id DESC,
  events.position DESC
LIMIT 1000
