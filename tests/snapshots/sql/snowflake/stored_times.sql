WITH "t14" AS (SELECT "t13"."reason", "t13"."subject", "t13"."opens", "t13"."order_id",
    COUNT(*) AS "rows",
    COUNT_IF("t13"."matching") AS "matches",
    MAX("t13"."matching") AS "matching",
    MIN("t13"."placed") AS "placed",
    MAX("t13"."amount") AS "amount",
    MIN("t13"."status") AS "status",
    MIN("t13"."sample") AS "sample",
    MAX("t13"."dated") AS "newest"
FROM (SELECT "t12"."reason", "t12"."matching", "t12"."order_id", "t12"."subject", "t12"."opens", "t12"."placed", "t12"."amount", "t12"."status", "t12"."sample",
    CAST(NULL AS BIGINT) AS "dated"
FROM (SELECT "t11"."reason", "t11"."matching", IFF("t11"."reason" IS NULL, "t11"."order_id", CAST((MOD(ABS(HASH("t11"."sample")),
    1024)) AS VARCHAR)) AS "order_id", "t11"."subject", "t11"."opens", "t11"."placed", "t11"."amount", "t11"."status", "t11"."sample"
FROM (SELECT "t10"."tercera_reason" AS "reason",
    "t10"."tercera_matching" AS "matching", IFF(("t10"."tercera_reason" IS NULL) AND "t10"."tercera_matching",
    CASE WHEN "t10"."tercera_is_plain" THEN "t10"."tercera_text_order_id" WHEN "t10"."tercera_reason" IS NULL THEN (CASE WHEN LENGTH((TO_VARCHAR("t10"."order_id"))) <= 1000 THEN (TO_VARCHAR("t10"."order_id")) END) ELSE NULL END,
    CAST(NULL AS VARCHAR)) AS "order_id", IFF(("t10"."tercera_reason" IS NULL) AND "t10"."tercera_matching",
    CASE WHEN "t10"."tercera_is_plain" THEN "t10"."tercera_text_customer_id" WHEN "t10"."tercera_reason" IS NULL THEN (CASE WHEN LENGTH((TO_VARCHAR("t10"."customer_id"))) <= 1000 THEN (TO_VARCHAR("t10"."customer_id")) END) ELSE NULL END,
    CAST(NULL AS VARCHAR)) AS "subject", IFF(("t10"."tercera_reason" IS NULL) AND "t10"."tercera_matching", (DATEADD('day', 1 - DAYOFWEEKISO(DATEADD('day', (TRUNC(("t10"."tercera_clock" - (MOD(MOD("t10"."tercera_clock", 86400000000) + 86400000000, 86400000000))) / 86400000000)), TO_DATE('1970-01-01'))), DATEADD('day', (TRUNC(("t10"."tercera_clock" - (MOD(MOD("t10"."tercera_clock", 86400000000) + 86400000000, 86400000000))) / 86400000000)), TO_DATE('1970-01-01')))),
    CAST(NULL AS DATE)) AS "opens", IFF(("t10"."tercera_reason" IS NULL) AND "t10"."tercera_matching", ("t10"."tercera_clock" * 2) + CAST(IFF(FALSE, 0,
    1) AS BIGINT),
    CAST(NULL AS BIGINT)) AS "placed",
    CAST(NULL AS DECIMAL(18,
    4)) AS "amount",
    CAST(NULL AS VARCHAR) AS "status", IFF("t10"."tercera_reason" IS NULL,
    CAST(NULL AS VARCHAR), (TO_JSON(ARRAY_CONSTRUCT(COALESCE(TO_VARIANT((SUBSTR((TO_VARCHAR("t10"."order_id")), 1, 200))), PARSE_JSON('null')), COALESCE(TO_VARIANT((SUBSTR((TO_VARCHAR("t10"."status")), 1, 200))),
    PARSE_JSON('null')))))) AS "sample"
FROM (SELECT "t9"."order_id", "t9"."customer_id", "t9"."status", "t9"."amount", "t9"."placed_at", "t9"."tercera_placed", "t9"."tercera_text_customer_id", "t9"."tercera_text_order_id", "t9"."tercera_text_status", "t9"."tercera_first", "t9"."tercera_stamp", "t9"."tercera_shown", "t9"."tercera_clock", "t9"."tercera_is_plain", "t9"."tercera_reason", COALESCE(TRUE AND (LOWER("t9"."tercera_text_status")) IN ('devuelto'),
    FALSE) AS "tercera_matching"
FROM (SELECT "t8"."order_id", "t8"."customer_id", "t8"."status", "t8"."amount", "t8"."placed_at", "t8"."tercera_placed", "t8"."tercera_text_customer_id", "t8"."tercera_text_order_id", "t8"."tercera_text_status", "t8"."tercera_first", "t8"."tercera_stamp", "t8"."tercera_shown", "t8"."tercera_clock", "t8"."tercera_is_plain", IFF("t8"."tercera_is_plain",
    CAST(NULL AS TINYINT),
    CASE WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t8"."order_id")) >= '!') AND ((TO_VARCHAR("t8"."order_id")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t8"."order_id")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 1 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t8"."order_id"))) <= 1000 THEN (TO_VARCHAR("t8"."order_id")) END) IS NULL THEN 2 WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t8"."customer_id")) >= '!') AND ((TO_VARCHAR("t8"."customer_id")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t8"."customer_id")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 3 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t8"."customer_id"))) <= 1000 THEN (TO_VARCHAR("t8"."customer_id")) END) IS NULL THEN 4 WHEN NOT ("t8"."placed_at" IS NOT NULL) THEN 5 WHEN "t8"."tercera_stamp" IS NULL THEN 6 WHEN NOT (NOT (CASE WHEN ((TO_VARCHAR("t8"."status")) >= '!') AND ((TO_VARCHAR("t8"."status")) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_INSTR((TO_VARCHAR("t8"."status")), '^[\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　]*$') > 0), TRUE) END)) THEN 7 WHEN (CASE WHEN LENGTH((TO_VARCHAR("t8"."status"))) <= 1000 THEN (TO_VARCHAR("t8"."status")) END) IS NULL THEN 8 ELSE CAST(NULL AS TINYINT) END) AS "tercera_reason"
FROM (SELECT "t7"."order_id", "t7"."customer_id", "t7"."status", "t7"."amount", "t7"."placed_at", "t7"."tercera_placed", "t7"."tercera_text_customer_id", "t7"."tercera_text_order_id", "t7"."tercera_text_status", "t7"."tercera_first", "t7"."tercera_stamp", "t7"."tercera_shown", "t7"."tercera_clock", COALESCE(("t7"."tercera_stamp" IS NOT NULL) AND (("t7"."tercera_text_customer_id" >= '!') AND ("t7"."tercera_text_customer_id" < '\x7f') AND ((OCTET_LENGTH("t7"."tercera_text_customer_id")) <= 1000)) AND (("t7"."tercera_text_order_id" >= '!') AND ("t7"."tercera_text_order_id" < '\x7f') AND ((OCTET_LENGTH("t7"."tercera_text_order_id")) <= 1000)) AND (("t7"."tercera_text_status" >= '!') AND ("t7"."tercera_text_status" < '\x7f') AND ((OCTET_LENGTH("t7"."tercera_text_status")) <= 1000)),
    FALSE) AS "tercera_is_plain"
FROM (SELECT *
FROM (SELECT *
FROM (SELECT "t4"."order_id", "t4"."customer_id", "t4"."status", "t4"."amount", "t4"."placed_at", "t4"."tercera_placed", "t4"."tercera_text_customer_id", "t4"."tercera_text_order_id", "t4"."tercera_text_status", "t4"."tercera_first", "t4"."tercera_stamp", "t4"."tercera_shown",
    CASE WHEN TRUE THEN ("t4"."tercera_shown" + (25200000000)) ELSE "t4"."tercera_shown" END AS "tercera_clock"
FROM (SELECT "t3"."order_id", "t3"."customer_id", "t3"."status", "t3"."amount", "t3"."placed_at", "t3"."tercera_placed", "t3"."tercera_text_customer_id", "t3"."tercera_text_order_id", "t3"."tercera_text_status", "t3"."tercera_first", "t3"."tercera_stamp",
    "t3"."tercera_stamp" AS "tercera_shown"
FROM (SELECT "t2"."order_id", "t2"."customer_id", "t2"."status", "t2"."amount", "t2"."placed_at", "t2"."tercera_placed", "t2"."tercera_text_customer_id", "t2"."tercera_text_order_id", "t2"."tercera_text_status", "t2"."tercera_first",
    "t2"."tercera_first" AS "tercera_stamp"
FROM (SELECT "t1"."order_id", "t1"."customer_id", "t1"."status", "t1"."amount", "t1"."placed_at", "t1"."tercera_placed", "t1"."tercera_text_customer_id", "t1"."tercera_text_order_id", "t1"."tercera_text_status", IFF((DATE_PART(EPOCH_MICROSECOND, "t1"."tercera_placed")) BETWEEN -62135510400000000 AND 253402128000000000, (DATE_PART(EPOCH_MICROSECOND, "t1"."tercera_placed")),
    CAST(NULL AS BIGINT)) AS "tercera_first"
FROM (SELECT "t0"."order_id", "t0"."customer_id", "t0"."status", "t0"."amount", "t0"."placed_at",
    "t0"."placed_at" AS "tercera_placed",
    (TO_VARCHAR("t0"."customer_id")) AS "tercera_text_customer_id",
    (TO_VARCHAR("t0"."order_id")) AS "tercera_text_order_id",
    (TO_VARCHAR("t0"."status")) AS "tercera_text_status"
FROM "orders" AS "t0") AS "t1") AS "t2") AS "t3") AS "t4") AS "t5"
WHERE ("t5"."tercera_clock" IS NULL) OR ("t5"."tercera_clock" >= 1685923200000000)) AS "t6"
WHERE ("t6"."tercera_clock" IS NULL) OR ("t6"."tercera_clock" < 1686528000000000)) AS "t7") AS "t8") AS "t9") AS "t10") AS "t11") AS "t12") AS "t13"
GROUP BY 1, 2, 3, 4) SELECT *
FROM (SELECT *
FROM (SELECT "t23"."reason", "t23"."subject", "t23"."opens",
    -1 AS "place", "t23"."rows", "t23"."matches", "t23"."matched", "t23"."orders", "t23"."pairs", "t23"."amount", "t23"."first", "t23"."last", "t23"."newest",
    CAST(NULL AS VARCHAR) AS "order_id",
    CAST(NULL AS VARCHAR) AS "status",
    CAST(NULL AS VARCHAR) AS "sample"
FROM (SELECT "t21"."reason", "t21"."subject", "t21"."opens",
    SUM("t21"."rows") AS "rows",
    SUM("t21"."matches") AS "matches",
    SUM("t21"."matched") AS "matched", SUM(IFF("t21"."is_pair", "t21"."orders",
    0)) AS "orders",
    COUNT_IF("t21"."is_pair") AS "pairs",
    MAX("t21"."amount") AS "amount",
    MIN("t21"."first") AS "first",
    MAX("t21"."last") AS "last",
    MAX("t21"."newest") AS "newest"
FROM (SELECT "t19"."reason", IFF("t19"."is_told", "t19"."subject",
    CAST(NULL AS VARCHAR)) AS "subject", IFF("t19"."is_told", "t19"."opens",
    CAST(NULL AS DATE)) AS "opens", "t19"."rows", "t19"."matches", "t19"."matched", "t19"."orders", "t19"."amount", "t19"."first", "t19"."last", "t19"."newest", "t19"."is_told", "t19"."subject" IS NOT NULL AS "is_pair"
FROM (SELECT "t17"."reason", "t17"."subject", "t17"."opens", "t17"."rows", "t17"."matches", "t17"."matched", "t17"."orders", "t17"."amount", "t17"."first", "t17"."last", "t17"."newest", ("t17"."reason" IS NULL) AND ("t17"."subject" IS NOT NULL) AND ("t17"."matched" >= 3) AS "is_told"
FROM (SELECT "t15"."reason", "t15"."subject", "t15"."opens",
    SUM("t15"."rows") AS "rows",
    SUM("t15"."matches") AS "matches",
    COUNT_IF("t15"."matching") AS "matched",
    COUNT(*) AS "orders",
    SUM("t15"."amount") AS "amount",
    MIN("t15"."placed") AS "first",
    MAX("t15"."placed") AS "last",
    MAX("t15"."newest") AS "newest"
FROM "t14" AS "t15"
GROUP BY 1, 2,
    3) AS "t17") AS "t19") AS "t21"
GROUP BY 1, 2,
    3) AS "t23") AS "t24"
UNION ALL SELECT *
FROM (SELECT "t20"."reason", "t20"."subject", "t20"."opens", "t20"."place", "t20"."rows", "t20"."matches",
    CAST(NULL AS BIGINT) AS "matched",
    CAST(NULL AS BIGINT) AS "orders",
    CAST(NULL AS BIGINT) AS "pairs",
    (CAST(NULL AS DECIMAL(18,
    4))) AS "amount",
    CAST(NULL AS BIGINT) AS "first",
    CAST(NULL AS BIGINT) AS "last", "t20"."newest", "t20"."order_id",
    CAST(NULL AS VARCHAR) AS "status", "t20"."sample"
FROM (SELECT *
FROM (SELECT "t16"."reason", "t16"."subject", "t16"."opens", "t16"."order_id", "t16"."rows", "t16"."matches", "t16"."matching", "t16"."placed", "t16"."amount", "t16"."status", "t16"."sample", "t16"."newest", ROW_NUMBER() OVER (PARTITION BY "t16"."reason"
ORDER BY "t16"."sample" ASC) - 1 AS "place"
FROM (SELECT *
FROM "t14" AS "t15"
WHERE "t15"."reason" IS NOT NULL) AS "t16") AS "t18"
WHERE "t18"."place" < 5) AS "t20") AS "t22") AS "t25"
ORDER BY "t25"."subject" ASC, "t25"."opens" ASC, "t25"."place" ASC
