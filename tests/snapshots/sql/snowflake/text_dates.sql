WITH "t12" AS (SELECT "t11"."reason", "t11"."subject", "t11"."opens", "t11"."order_id",
    COUNT(*) AS "rows",
    COUNT_IF("t11"."matching") AS "matches",
    MIN("t11"."placed") AS "placed",
    MIN("t11"."sample") AS "sample",
    MAX("t11"."amount") AS "amount",
    MIN("t11"."status") AS "status"
FROM (SELECT "t10"."reason", "t10"."matching", IFF("t10"."reason" IS NULL, "t10"."order_id", CAST((MOD(ABS(HASH("t10"."sample")),
    1024)) AS VARCHAR)) AS "order_id", "t10"."subject", "t10"."opens", "t10"."placed", "t10"."amount", "t10"."status", "t10"."sample"
FROM (SELECT "t9"."tercera_reason" AS "reason",
    "t9"."tercera_matching" AS "matching",
    CASE WHEN "t9"."tercera_is_plain" THEN "t9"."tercera_text_order_id" WHEN "t9"."tercera_reason" IS NULL THEN (CASE WHEN LENGTH((TO_VARCHAR("t9"."order_id"))) <= 1000 THEN (TO_VARCHAR("t9"."order_id")) END) ELSE NULL END AS "order_id",
    CASE WHEN "t9"."tercera_is_plain" THEN "t9"."tercera_text_customer_id" WHEN "t9"."tercera_reason" IS NULL THEN (CASE WHEN LENGTH((TO_VARCHAR("t9"."customer_id"))) <= 1000 THEN (TO_VARCHAR("t9"."customer_id")) END) ELSE NULL END AS "subject", IFF("t9"."tercera_reason" IS NULL, (DATE_TRUNC('MONTH', DATEADD('day', (TRUNC(("t9"."tercera_clock" - (MOD(MOD("t9"."tercera_clock", 86400000000) + 86400000000, 86400000000))) / 86400000000)), TO_DATE('1970-01-01')))),
    CAST(NULL AS DATE)) AS "opens", IFF(("t9"."tercera_reason" IS NULL) AND "t9"."tercera_matching", ("t9"."tercera_clock" * 2) + CAST(IFF(TRUE, 0,
    1) AS BIGINT),
    CAST(NULL AS BIGINT)) AS "placed", IFF(("t9"."tercera_reason" IS NULL) AND "t9"."tercera_matching", (IFF(ABS((TRY_TO_DECIMAL(IFF(REGEXP_INSTR((CASE WHEN LENGTH((TO_VARCHAR("t9"."amount"))) <= 1000 THEN (TO_VARCHAR("t9"."amount")) END), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0, REGEXP_SUBSTR((CASE WHEN LENGTH((TO_VARCHAR("t9"."amount"))) <= 1000 THEN (TO_VARCHAR("t9"."amount")) END), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?'), NULL), 38, 18))) < 100000000000000, CAST(ROUND((TRY_TO_DECIMAL(IFF(REGEXP_INSTR((CASE WHEN LENGTH((TO_VARCHAR("t9"."amount"))) <= 1000 THEN (TO_VARCHAR("t9"."amount")) END), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0, REGEXP_SUBSTR((CASE WHEN LENGTH((TO_VARCHAR("t9"."amount"))) <= 1000 THEN (TO_VARCHAR("t9"."amount")) END), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?'), NULL), 38, 18)), 4,
    'HALF_TO_EVEN') AS NUMBER(18, 4)), NULL)),
    CAST(NULL AS DECIMAL(18,
    4))) AS "amount", IFF(("t9"."tercera_reason" IS NULL) AND "t9"."tercera_matching",
    (CASE WHEN LENGTH((TO_VARCHAR("t9"."status"))) <= 1000 THEN (TO_VARCHAR("t9"."status")) END),
    CAST(NULL AS VARCHAR)) AS "status", IFF("t9"."tercera_reason" IS NULL,
    CAST(NULL AS VARCHAR), (TO_JSON(ARRAY_CONSTRUCT(COALESCE(TO_VARIANT((SUBSTR((TO_VARCHAR("t9"."order_id")), 1, 200))), PARSE_JSON('null')), COALESCE(TO_VARIANT((SUBSTR((TO_VARCHAR("t9"."status")), 1, 200))),
    PARSE_JSON('null')))))) AS "sample"
FROM (SELECT "t8"."order_id", "t8"."customer_id", "t8"."status", "t8"."amount", "t8"."placed_at", "t8"."tercera_placed", "t8"."tercera_text_customer_id", "t8"."tercera_text_order_id", "t8"."tercera_text_status", "t8"."tercera_stamp", "t8"."tercera_shown", "t8"."tercera_clock", "t8"."tercera_is_plain", "t8"."tercera_reason", COALESCE(TRUE AND "t8"."tercera_text_status" IN ('returned', 'cancelled'),
    FALSE) AS "tercera_matching"
FROM (SELECT "t7"."order_id", "t7"."customer_id", "t7"."status", "t7"."amount", "t7"."placed_at", "t7"."tercera_placed", "t7"."tercera_text_customer_id", "t7"."tercera_text_order_id", "t7"."tercera_text_status", "t7"."tercera_stamp", "t7"."tercera_shown", "t7"."tercera_clock", "t7"."tercera_is_plain", IFF("t7"."tercera_is_plain",
    CAST(NULL AS TINYINT),
    CASE WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t7"."order_id")) >= '!') AND ((TO_VARCHAR("t7"."order_id")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t7"."order_id")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 1 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t7"."order_id"))) <= 1000 THEN (TO_VARCHAR("t7"."order_id")) END) IS NULL THEN 2 WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t7"."customer_id")) >= '!') AND ((TO_VARCHAR("t7"."customer_id")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t7"."customer_id")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 3 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t7"."customer_id"))) <= 1000 THEN (TO_VARCHAR("t7"."customer_id")) END) IS NULL THEN 4 WHEN NOT ((REGEXP_INSTR((CASE WHEN LENGTH((TO_VARCHAR("t7"."customer_id"))) <= 1000 THEN (TO_VARCHAR("t7"."customer_id")) END), '^[0-9A-Z_a-z]+_[0-9]+$') > 0)) THEN 4 WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t7"."placed_at")) >= '!') AND ((TO_VARCHAR("t7"."placed_at")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t7"."placed_at")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 5 WHEN "t7"."tercera_stamp" IS NULL THEN 6 WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t7"."status")) >= '!') AND ((TO_VARCHAR("t7"."status")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t7"."status")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 7 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t7"."status"))) <= 1000 THEN (TO_VARCHAR("t7"."status")) END) IS NULL THEN 8 ELSE CAST(NULL AS TINYINT) END) AS "tercera_reason"
FROM (SELECT "t6"."order_id", "t6"."customer_id", "t6"."status", "t6"."amount", "t6"."placed_at", "t6"."tercera_placed", "t6"."tercera_text_customer_id", "t6"."tercera_text_order_id", "t6"."tercera_text_status", "t6"."tercera_stamp", "t6"."tercera_shown", "t6"."tercera_clock", COALESCE(("t6"."tercera_stamp" IS NOT NULL) AND (("t6"."tercera_text_customer_id" >= '!') AND ("t6"."tercera_text_customer_id" < '\x7f') AND ((OCTET_LENGTH("t6"."tercera_text_customer_id")) <= 1000)) AND (REGEXP_INSTR("t6"."tercera_text_customer_id", '^[0-9A-Z_a-z]+_[0-9]+$') > 0) AND (("t6"."tercera_text_order_id" >= '!') AND ("t6"."tercera_text_order_id" < '\x7f') AND ((OCTET_LENGTH("t6"."tercera_text_order_id")) <= 1000)) AND (("t6"."tercera_text_status" >= '!') AND ("t6"."tercera_text_status" < '\x7f') AND ((OCTET_LENGTH("t6"."tercera_text_status")) <= 1000)),
    FALSE) AS "tercera_is_plain"
FROM (SELECT *
FROM (SELECT *
FROM (SELECT "t3"."order_id", "t3"."customer_id", "t3"."status", "t3"."amount", "t3"."placed_at", "t3"."tercera_placed", "t3"."tercera_text_customer_id", "t3"."tercera_text_order_id", "t3"."tercera_text_status", "t3"."tercera_stamp", "t3"."tercera_shown",
    "t3"."tercera_shown" AS "tercera_clock"
FROM (SELECT "t2"."order_id", "t2"."customer_id", "t2"."status", "t2"."amount", "t2"."placed_at", "t2"."tercera_placed", "t2"."tercera_text_customer_id", "t2"."tercera_text_order_id", "t2"."tercera_text_status", "t2"."tercera_stamp",
    CASE WHEN "t2"."tercera_stamp" = 0 THEN (DATEDIFF('day', TO_DATE('1970-01-01'), TRY_TO_DATE((CONCAT((SUBSTR("t2"."tercera_placed", 1, 4)), '-', (SUBSTR("t2"."tercera_placed", 6, 2)), '-', (SUBSTR("t2"."tercera_placed", 9, 2)))), 'YYYY-MM-DD'))) * 86400000000 ELSE CAST(NULL AS BIGINT) END AS "tercera_shown"
FROM (SELECT "t1"."order_id", "t1"."customer_id", "t1"."status", "t1"."amount", "t1"."placed_at", "t1"."tercera_placed", "t1"."tercera_text_customer_id", "t1"."tercera_text_order_id", "t1"."tercera_text_status",
    CASE WHEN "t1"."tercera_placed" IN ('2023-06-01', '2023-06-02', '2023-06-03', '2023-06-04', '2023-06-05', '2023-06-06', '2023-06-07', '2023-06-08', '2023-06-09', '2023-06-10', '2023-06-11', '2023-06-12', '2023-06-13', '2023-06-14', '2023-06-15', '2023-06-16', '2023-06-17', '2023-06-18', '2023-06-19', '2023-06-20', '2023-06-21', '2023-06-22', '2023-06-23', '2023-06-24', '2023-06-25', '2023-06-26', '2023-06-27', '2023-06-28', '2023-06-29', '2023-06-30') THEN 0 WHEN (REGEXP_INSTR("t1"."tercera_placed", '^((((19|20))[0-9]{2}\\-((0[1-9]|1[0-2]))\\-((0[1-9]|1[0-9]|2[0-8]))|((19|20))[0-9]{2}\\-((0[13-9]|1[0-2]))\\-((29|30))|((19|20))[0-9]{2}\\-((0[1357-8]|1[02]))\\-31|((((19|20))((0[48]|[2468][048]|[13579][26]))|2000))\\-02\\-29))$') > 0) THEN 0 ELSE CAST(NULL AS TINYINT) END AS "tercera_stamp"
FROM (SELECT "t0"."order_id", "t0"."customer_id", "t0"."status", "t0"."amount", "t0"."placed_at",
    (TO_VARCHAR("t0"."placed_at")) AS "tercera_placed",
    (TO_VARCHAR("t0"."customer_id")) AS "tercera_text_customer_id",
    (TO_VARCHAR("t0"."order_id")) AS "tercera_text_order_id",
    (TO_VARCHAR("t0"."status")) AS "tercera_text_status"
FROM "orders" AS "t0") AS "t1") AS "t2") AS "t3") AS "t4"
WHERE ("t4"."tercera_clock" IS NULL) OR ("t4"."tercera_clock" >= 1685577600000000)) AS "t5"
WHERE ("t5"."tercera_clock" IS NULL) OR ("t5"."tercera_clock" < 1688169600000000)) AS "t6") AS "t7") AS "t8") AS "t9") AS "t10") AS "t11"
GROUP BY 1, 2, 3, 4) SELECT *
FROM (SELECT *
FROM (SELECT "t20"."reason", "t20"."subject", "t20"."opens", "t20"."place", "t20"."rows", "t20"."matches",
    CAST(NULL AS BIGINT) AS "matched",
    CAST(NULL AS BIGINT) AS "orders",
    CAST(NULL AS BIGINT) AS "pairs",
    (CAST(NULL AS DECIMAL(18,
    4))) AS "amount",
    CAST(NULL AS BIGINT) AS "first",
    CAST(NULL AS BIGINT) AS "last",
    CAST(NULL AS BIGINT) AS "newest", "t20"."order_id",
    CAST(NULL AS VARCHAR) AS "status", "t20"."sample"
FROM (SELECT *
FROM (SELECT "t14"."reason", "t14"."subject", "t14"."opens", "t14"."order_id", "t14"."rows", "t14"."matches", "t14"."placed", "t14"."sample", "t14"."amount", "t14"."status", ROW_NUMBER() OVER (PARTITION BY "t14"."reason"
ORDER BY "t14"."sample" ASC) - 1 AS "place"
FROM (SELECT *
FROM "t12" AS "t13"
WHERE "t13"."reason" IS NOT NULL) AS "t14") AS "t17"
WHERE "t17"."place" < 5) AS "t20") AS "t23"
UNION ALL SELECT *
FROM (SELECT *
FROM (SELECT "t25"."reason", "t25"."subject", "t25"."opens",
    -1 AS "place", "t25"."rows", "t25"."matches", "t25"."matched", "t25"."orders", "t25"."pairs", "t25"."amount", "t25"."first", "t25"."last",
    CAST(NULL AS BIGINT) AS "newest",
    CAST(NULL AS VARCHAR) AS "order_id",
    CAST(NULL AS VARCHAR) AS "status",
    CAST(NULL AS VARCHAR) AS "sample"
FROM (SELECT "t22"."reason", "t22"."subject", "t22"."opens",
    SUM("t22"."rows") AS "rows",
    SUM("t22"."matches") AS "matches",
    SUM("t22"."matched") AS "matched", SUM(IFF("t22"."is_pair", "t22"."orders",
    0)) AS "orders",
    COUNT_IF("t22"."is_pair") AS "pairs",
    MIN("t22"."first") AS "first",
    MAX("t22"."last") AS "last",
    MAX("t22"."amount") AS "amount"
FROM (SELECT "t19"."reason", IFF("t19"."is_told", "t19"."subject",
    CAST(NULL AS VARCHAR)) AS "subject", IFF("t19"."is_told", "t19"."opens",
    CAST(NULL AS DATE)) AS "opens", "t19"."rows", "t19"."matches", "t19"."matched", "t19"."orders", "t19"."first", "t19"."last", "t19"."amount", "t19"."is_told", "t19"."subject" IS NOT NULL AS "is_pair"
FROM (SELECT "t16"."reason", "t16"."subject", "t16"."opens", "t16"."rows", "t16"."matches", "t16"."matched", "t16"."orders", "t16"."first", "t16"."last", "t16"."amount", ("t16"."reason" IS NULL) AND ("t16"."subject" IS NOT NULL) AND ("t16"."matched" >= 3) AS "is_told"
FROM (SELECT "t13"."reason", "t13"."subject", "t13"."opens",
    SUM("t13"."rows") AS "rows",
    SUM("t13"."matches") AS "matches", COUNT_IF("t13"."matches" > 0) AS "matched",
    COUNT(*) AS "orders",
    MIN("t13"."placed") AS "first",
    MAX("t13"."placed") AS "last",
    SUM("t13"."amount") AS "amount"
FROM "t12" AS "t13"
GROUP BY 1, 2,
    3) AS "t16") AS "t19") AS "t22"
GROUP BY 1, 2,
    3) AS "t25") AS "t26"
UNION ALL SELECT *
FROM (SELECT "t21"."reason", "t21"."subject", "t21"."opens", "t21"."place", "t21"."rows", "t21"."matches",
    CAST(NULL AS BIGINT) AS "matched",
    CAST(NULL AS BIGINT) AS "orders",
    CAST(NULL AS BIGINT) AS "pairs",
    ("t21"."amount") AS "amount",
    "t21"."placed" AS "first",
    CAST(NULL AS BIGINT) AS "last",
    CAST(NULL AS BIGINT) AS "newest", "t21"."order_id", "t21"."status", "t21"."sample"
FROM (SELECT *
FROM (SELECT "t15"."reason", "t15"."subject", "t15"."opens", "t15"."order_id", "t15"."rows", "t15"."matches", "t15"."placed", "t15"."sample", "t15"."amount", "t15"."status", ROW_NUMBER() OVER (PARTITION BY "t15"."subject", "t15"."opens"
ORDER BY "t15"."placed" ASC, "t15"."order_id" ASC) - 1 AS "place", COUNT(*) OVER (PARTITION BY "t15"."subject", "t15"."opens"
ORDER BY NULL ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "alike"
FROM (SELECT *
FROM "t12" AS "t13"
WHERE "t13"."reason" IS NULL AND "t13"."matches" > 0 AND "t13"."subject" IS NOT NULL) AS "t15") AS "t18"
WHERE "t18"."place" < 5 AND "t18"."alike" >= 3) AS "t21") AS "t24") AS "t27") AS "t28"
ORDER BY "t28"."subject" ASC, "t28"."opens" ASC, "t28"."place" ASC
