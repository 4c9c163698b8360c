WITH "t12" AS (SELECT "t11"."reason" AS "reason",
    "t11"."subject" AS "subject",
    "t11"."opens" AS "opens",
    "t11"."order_id" AS "order_id",
    COUNT(*) AS "rows",
    countIf("t11"."matching") AS "matches",
    MIN("t11"."placed") AS "placed",
    MIN("t11"."sample") AS "sample",
    MAX("t11"."amount") AS "amount",
    MIN("t11"."status") AS "status"
FROM (SELECT "t10"."reason" AS "reason",
    "t10"."matching" AS "matching",
    CASE WHEN isNull("t10"."reason") THEN "t10"."order_id" ELSE CAST((toInt64(cityHash64("t10"."sample") % 1024)) AS Nullable(String)) END AS "order_id",
    "t10"."subject" AS "subject",
    "t10"."opens" AS "opens",
    "t10"."placed" AS "placed",
    "t10"."amount" AS "amount",
    "t10"."status" AS "status",
    "t10"."sample" AS "sample"
FROM (SELECT "t9"."tercera_reason" AS "reason",
    "t9"."tercera_matching" AS "matching",
    CASE WHEN "t9"."tercera_is_plain" THEN "t9"."tercera_text_order_id" WHEN isNull("t9"."tercera_reason") THEN (CASE WHEN lengthUTF8((toString("t9"."order_id"))) <= 1000 THEN (toString("t9"."order_id")) END) ELSE NULL END AS "order_id",
    CASE WHEN "t9"."tercera_is_plain" THEN "t9"."tercera_text_customer_id" WHEN isNull("t9"."tercera_reason") THEN (CASE WHEN lengthUTF8((toString("t9"."customer_id"))) <= 1000 THEN (toString("t9"."customer_id")) END) ELSE NULL END AS "subject",
    CASE WHEN isNull("t9"."tercera_reason") THEN (toStartOfMonth(addDays(toDate32('1970-01-01'), (intDiv("t9"."tercera_clock" - (positiveModulo("t9"."tercera_clock", 86400000000)), 86400000000))))) ELSE CAST(NULL AS Nullable(DATE)) END AS "opens",
    CASE WHEN isNull("t9"."tercera_reason") AND "t9"."tercera_matching" THEN ("t9"."tercera_clock" * 2) + CAST(CASE WHEN TRUE THEN 0 ELSE 1 END AS Nullable(Int64)) ELSE CAST(NULL AS Nullable(Int64)) END AS "placed",
    CASE WHEN isNull("t9"."tercera_reason") AND "t9"."tercera_matching" THEN (if(abs((if(match((CASE WHEN lengthUTF8((toString("t9"."amount"))) <= 1000 THEN (toString("t9"."amount")) END), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$'), toDecimal128OrNull(extract((CASE WHEN lengthUTF8((toString("t9"."amount"))) <= 1000 THEN (toString("t9"."amount")) END), '([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?)'), 18), NULL))) < 100000000000000, toDecimal128OrNull(toString(roundBankers((if(match((CASE WHEN lengthUTF8((toString("t9"."amount"))) <= 1000 THEN (toString("t9"."amount")) END), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$'), toDecimal128OrNull(extract((CASE WHEN lengthUTF8((toString("t9"."amount"))) <= 1000 THEN (toString("t9"."amount")) END), '([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?)'), 18), NULL)), 4)), 4), NULL)) ELSE CAST(NULL AS Nullable(Decimal(18, 4))) END AS "amount",
    CASE WHEN isNull("t9"."tercera_reason") AND "t9"."tercera_matching" THEN (CASE WHEN lengthUTF8((toString("t9"."status"))) <= 1000 THEN (toString("t9"."status")) END) ELSE CAST(NULL AS Nullable(String)) END AS "status",
    CASE WHEN isNull("t9"."tercera_reason") THEN CAST(NULL AS Nullable(String)) ELSE (toJSONString([(substringUTF8((toString("t9"."order_id")), 1, 200)), (substringUTF8((toString("t9"."status")), 1, 200))])) END AS "sample"
FROM (SELECT "t8"."order_id" AS "order_id",
    "t8"."customer_id" AS "customer_id",
    "t8"."status" AS "status",
    "t8"."amount" AS "amount",
    "t8"."placed_at" AS "placed_at",
    "t8"."tercera_placed" AS "tercera_placed",
    "t8"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t8"."tercera_text_order_id" AS "tercera_text_order_id",
    "t8"."tercera_text_status" AS "tercera_text_status",
    "t8"."tercera_stamp" AS "tercera_stamp",
    "t8"."tercera_shown" AS "tercera_shown",
    "t8"."tercera_clock" AS "tercera_clock",
    "t8"."tercera_is_plain" AS "tercera_is_plain",
    "t8"."tercera_reason" AS "tercera_reason", COALESCE(TRUE AND "t8"."tercera_text_status" IN ('returned', 'cancelled'),
    FALSE) AS "tercera_matching"
FROM (SELECT "t7"."order_id" AS "order_id",
    "t7"."customer_id" AS "customer_id",
    "t7"."status" AS "status",
    "t7"."amount" AS "amount",
    "t7"."placed_at" AS "placed_at",
    "t7"."tercera_placed" AS "tercera_placed",
    "t7"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t7"."tercera_text_order_id" AS "tercera_text_order_id",
    "t7"."tercera_text_status" AS "tercera_text_status",
    "t7"."tercera_stamp" AS "tercera_stamp",
    "t7"."tercera_shown" AS "tercera_shown",
    "t7"."tercera_clock" AS "tercera_clock",
    "t7"."tercera_is_plain" AS "tercera_is_plain",
    CASE WHEN "t7"."tercera_is_plain" THEN CAST(NULL AS Nullable(Int8)) ELSE CASE WHEN NOT (NOT (CASE WHEN ((toString("t7"."order_id")) >= '!') AND ((toString("t7"."order_id")) < '\x7f') THEN FALSE ELSE COALESCE((match((toString("t7"."order_id")), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 1 WHEN isNull((CASE WHEN lengthUTF8((toString("t7"."order_id"))) <= 1000 THEN (toString("t7"."order_id")) END)) THEN 2 WHEN NOT (NOT (CASE WHEN ((toString("t7"."customer_id")) >= '!') AND ((toString("t7"."customer_id")) < '\x7f') THEN FALSE ELSE COALESCE((match((toString("t7"."customer_id")), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 3 WHEN isNull((CASE WHEN lengthUTF8((toString("t7"."customer_id"))) <= 1000 THEN (toString("t7"."customer_id")) END)) THEN 4 WHEN NOT ((match((CASE WHEN lengthUTF8((toString("t7"."customer_id"))) <= 1000 THEN (toString("t7"."customer_id")) END), '\\A[0-9A-Z_a-z]+_[0-9]+\\z'))) THEN 4 WHEN NOT (NOT (CASE WHEN ((toString("t7"."placed_at")) >= '!') AND ((toString("t7"."placed_at")) < '\x7f') THEN FALSE ELSE COALESCE((match((toString("t7"."placed_at")), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 5 WHEN isNull("t7"."tercera_stamp") THEN 6 WHEN NOT (NOT (CASE WHEN ((toString("t7"."status")) >= '!') AND ((toString("t7"."status")) < '\x7f') THEN FALSE ELSE COALESCE((match((toString("t7"."status")), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 7 WHEN isNull((CASE WHEN lengthUTF8((toString("t7"."status"))) <= 1000 THEN (toString("t7"."status")) END)) THEN 8 ELSE CAST(NULL AS Nullable(Int8)) END END AS "tercera_reason"
FROM (SELECT "t6"."order_id" AS "order_id",
    "t6"."customer_id" AS "customer_id",
    "t6"."status" AS "status",
    "t6"."amount" AS "amount",
    "t6"."placed_at" AS "placed_at",
    "t6"."tercera_placed" AS "tercera_placed",
    "t6"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t6"."tercera_text_order_id" AS "tercera_text_order_id",
    "t6"."tercera_text_status" AS "tercera_text_status",
    "t6"."tercera_stamp" AS "tercera_stamp",
    "t6"."tercera_shown" AS "tercera_shown",
    "t6"."tercera_clock" AS "tercera_clock", COALESCE(isNotNull("t6"."tercera_stamp") AND (("t6"."tercera_text_customer_id" >= '!') AND ("t6"."tercera_text_customer_id" < '\x7f') AND ((length("t6"."tercera_text_customer_id")) <= 1000)) AND (match("t6"."tercera_text_customer_id", '\\A[0-9A-Z_a-z]+_[0-9]+\\z')) AND (("t6"."tercera_text_order_id" >= '!') AND ("t6"."tercera_text_order_id" < '\x7f') AND ((length("t6"."tercera_text_order_id")) <= 1000)) AND (("t6"."tercera_text_status" >= '!') AND ("t6"."tercera_text_status" < '\x7f') AND ((length("t6"."tercera_text_status")) <= 1000)),
    FALSE) AS "tercera_is_plain"
FROM (SELECT *
FROM (SELECT *
FROM (SELECT "t3"."order_id" AS "order_id",
    "t3"."customer_id" AS "customer_id",
    "t3"."status" AS "status",
    "t3"."amount" AS "amount",
    "t3"."placed_at" AS "placed_at",
    "t3"."tercera_placed" AS "tercera_placed",
    "t3"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t3"."tercera_text_order_id" AS "tercera_text_order_id",
    "t3"."tercera_text_status" AS "tercera_text_status",
    "t3"."tercera_stamp" AS "tercera_stamp",
    "t3"."tercera_shown" AS "tercera_shown",
    "t3"."tercera_shown" AS "tercera_clock"
FROM (SELECT "t2"."order_id" AS "order_id",
    "t2"."customer_id" AS "customer_id",
    "t2"."status" AS "status",
    "t2"."amount" AS "amount",
    "t2"."placed_at" AS "placed_at",
    "t2"."tercera_placed" AS "tercera_placed",
    "t2"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t2"."tercera_text_order_id" AS "tercera_text_order_id",
    "t2"."tercera_text_status" AS "tercera_text_status",
    "t2"."tercera_stamp" AS "tercera_stamp",
    CASE WHEN "t2"."tercera_stamp" = 0 THEN (toInt64(toInt32(toDate32OrNull((concat((substringUTF8("t2"."tercera_placed", 1, 4)), '-', (substringUTF8("t2"."tercera_placed", 6, 2)), '-', (substringUTF8("t2"."tercera_placed", 9, 2)))))))) * 86400000000 ELSE CAST(NULL AS Nullable(Int64)) END AS "tercera_shown"
FROM (SELECT "t1"."order_id" AS "order_id",
    "t1"."customer_id" AS "customer_id",
    "t1"."status" AS "status",
    "t1"."amount" AS "amount",
    "t1"."placed_at" AS "placed_at",
    "t1"."tercera_placed" AS "tercera_placed",
    "t1"."tercera_text_customer_id" AS "tercera_text_customer_id",
    "t1"."tercera_text_order_id" AS "tercera_text_order_id",
    "t1"."tercera_text_status" AS "tercera_text_status",
    CASE WHEN "t1"."tercera_placed" IN ('2023-06-01', '2023-06-02', '2023-06-03', '2023-06-04', '2023-06-05', '2023-06-06', '2023-06-07', '2023-06-08', '2023-06-09', '2023-06-10', '2023-06-11', '2023-06-12', '2023-06-13', '2023-06-14', '2023-06-15', '2023-06-16', '2023-06-17', '2023-06-18', '2023-06-19', '2023-06-20', '2023-06-21', '2023-06-22', '2023-06-23', '2023-06-24', '2023-06-25', '2023-06-26', '2023-06-27', '2023-06-28', '2023-06-29', '2023-06-30') THEN 0 WHEN (match("t1"."tercera_placed", '\\A((?:((?:19|20))[0-9]{2}\\-((?:0[1-9]|1[0-2]))\\-((?:0[1-9]|1[0-9]|2[0-8]))|((?:19|20))[0-9]{2}\\-((?:0[13-9]|1[0-2]))\\-((?:29|30))|((?:19|20))[0-9]{2}\\-((?:0[1357-8]|1[02]))\\-31|((?:((?:19|20))((?:0[48]|[2468][048]|[13579][26]))|2000))\\-02\\-29))\\z')) THEN 0 ELSE CAST(NULL AS Nullable(Int8)) END AS "tercera_stamp"
FROM (SELECT "t0"."order_id" AS "order_id",
    "t0"."customer_id" AS "customer_id",
    "t0"."status" AS "status",
    "t0"."amount" AS "amount",
    "t0"."placed_at" AS "placed_at",
    (toString("t0"."placed_at")) AS "tercera_placed",
    (toString("t0"."customer_id")) AS "tercera_text_customer_id",
    (toString("t0"."order_id")) AS "tercera_text_order_id",
    (toString("t0"."status")) AS "tercera_text_status"
FROM "orders" AS "t0") AS "t1") AS "t2") AS "t3") AS "t4"
WHERE isNull("t4"."tercera_clock") OR ("t4"."tercera_clock" >= 1685577600000000)) AS "t5"
WHERE isNull("t5"."tercera_clock") OR ("t5"."tercera_clock" < 1688169600000000)) AS "t6") AS "t7") AS "t8") AS "t9") AS "t10") AS "t11"
GROUP BY "t11"."reason", "t11"."subject", "t11"."opens", "t11"."order_id") SELECT *
FROM (SELECT *
FROM (SELECT "t20"."reason" AS "reason",
    "t20"."subject" AS "subject",
    "t20"."opens" AS "opens",
    "t20"."place" AS "place",
    "t20"."rows" AS "rows",
    "t20"."matches" AS "matches",
    CAST(NULL AS Nullable(Int64)) AS "matched",
    CAST(NULL AS Nullable(Int64)) AS "orders",
    CAST(NULL AS Nullable(Int64)) AS "pairs",
    (CAST(NULL AS Nullable(Decimal(18,
    4)))) AS "amount",
    CAST(NULL AS Nullable(Int64)) AS "first",
    CAST(NULL AS Nullable(Int64)) AS "last",
    CAST(NULL AS Nullable(Int64)) AS "newest",
    "t20"."order_id" AS "order_id",
    CAST(NULL AS Nullable(String)) AS "status",
    "t20"."sample" AS "sample"
FROM (SELECT *
FROM (SELECT "t14"."reason" AS "reason",
    "t14"."subject" AS "subject",
    "t14"."opens" AS "opens",
    "t14"."order_id" AS "order_id",
    "t14"."rows" AS "rows",
    "t14"."matches" AS "matches",
    "t14"."placed" AS "placed",
    "t14"."sample" AS "sample",
    "t14"."amount" AS "amount",
    "t14"."status" AS "status", ROW_NUMBER() OVER (PARTITION BY "t14"."reason"
ORDER BY "t14"."sample" ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) - 1 AS "place"
FROM (SELECT *
FROM "t12" AS "t13"
WHERE isNotNull("t13"."reason")) AS "t14") AS "t17"
WHERE "t17"."place" < 5) AS "t20") AS "t23"
UNION ALL SELECT *
FROM (SELECT *
FROM (SELECT "t25"."reason" AS "reason",
    "t25"."subject" AS "subject",
    "t25"."opens" AS "opens",
    -1 AS "place",
    "t25"."rows" AS "rows",
    "t25"."matches" AS "matches",
    "t25"."matched" AS "matched",
    "t25"."orders" AS "orders",
    "t25"."pairs" AS "pairs",
    "t25"."amount" AS "amount",
    "t25"."first" AS "first",
    "t25"."last" AS "last",
    CAST(NULL AS Nullable(Int64)) AS "newest",
    CAST(NULL AS Nullable(String)) AS "order_id",
    CAST(NULL AS Nullable(String)) AS "status",
    CAST(NULL AS Nullable(String)) AS "sample"
FROM (SELECT "t22"."reason" AS "reason",
    "t22"."subject" AS "subject",
    "t22"."opens" AS "opens",
    SUM("t22"."rows") AS "rows",
    SUM("t22"."matches") AS "matches",
    SUM("t22"."matched") AS "matched", SUM(CASE WHEN "t22"."is_pair" THEN "t22"."orders" ELSE 0 END) AS "orders",
    countIf("t22"."is_pair") AS "pairs",
    MIN("t22"."first") AS "first",
    MAX("t22"."last") AS "last",
    MAX("t22"."amount") AS "amount"
FROM (SELECT "t19"."reason" AS "reason",
    CASE WHEN "t19"."is_told" THEN "t19"."subject" ELSE CAST(NULL AS Nullable(String)) END AS "subject",
    CASE WHEN "t19"."is_told" THEN "t19"."opens" ELSE CAST(NULL AS Nullable(DATE)) END AS "opens",
    "t19"."rows" AS "rows",
    "t19"."matches" AS "matches",
    "t19"."matched" AS "matched",
    "t19"."orders" AS "orders",
    "t19"."first" AS "first",
    "t19"."last" AS "last",
    "t19"."amount" AS "amount",
    "t19"."is_told" AS "is_told",
    isNotNull("t19"."subject") AS "is_pair"
FROM (SELECT "t16"."reason" AS "reason",
    "t16"."subject" AS "subject",
    "t16"."opens" AS "opens",
    "t16"."rows" AS "rows",
    "t16"."matches" AS "matches",
    "t16"."matched" AS "matched",
    "t16"."orders" AS "orders",
    "t16"."first" AS "first",
    "t16"."last" AS "last",
    "t16"."amount" AS "amount", isNull("t16"."reason") AND isNotNull("t16"."subject") AND ("t16"."matched" >= 3) AS "is_told"
FROM (SELECT "t13"."reason" AS "reason",
    "t13"."subject" AS "subject",
    "t13"."opens" AS "opens",
    SUM("t13"."rows") AS "rows",
    SUM("t13"."matches") AS "matches", countIf("t13"."matches" > 0) AS "matched",
    COUNT(*) AS "orders",
    MIN("t13"."placed") AS "first",
    MAX("t13"."placed") AS "last",
    SUM("t13"."amount") AS "amount"
FROM "t12" AS "t13"
GROUP BY "t13"."reason", "t13"."subject",
    "t13"."opens") AS "t16") AS "t19") AS "t22"
GROUP BY "t22"."reason", "t22"."subject",
    "t22"."opens") AS "t25") AS "t26"
UNION ALL SELECT *
FROM (SELECT "t21"."reason" AS "reason",
    "t21"."subject" AS "subject",
    "t21"."opens" AS "opens",
    "t21"."place" AS "place",
    "t21"."rows" AS "rows",
    "t21"."matches" AS "matches",
    CAST(NULL AS Nullable(Int64)) AS "matched",
    CAST(NULL AS Nullable(Int64)) AS "orders",
    CAST(NULL AS Nullable(Int64)) AS "pairs",
    ("t21"."amount") AS "amount",
    "t21"."placed" AS "first",
    CAST(NULL AS Nullable(Int64)) AS "last",
    CAST(NULL AS Nullable(Int64)) AS "newest",
    "t21"."order_id" AS "order_id",
    "t21"."status" AS "status",
    "t21"."sample" AS "sample"
FROM (SELECT *
FROM (SELECT "t15"."reason" AS "reason",
    "t15"."subject" AS "subject",
    "t15"."opens" AS "opens",
    "t15"."order_id" AS "order_id",
    "t15"."rows" AS "rows",
    "t15"."matches" AS "matches",
    "t15"."placed" AS "placed",
    "t15"."sample" AS "sample",
    "t15"."amount" AS "amount",
    "t15"."status" AS "status", ROW_NUMBER() OVER (PARTITION BY "t15"."subject", "t15"."opens"
ORDER BY "t15"."placed" ASC, "t15"."order_id" ASC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) - 1 AS "place", COUNT(*) OVER (PARTITION BY "t15"."subject", "t15"."opens" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "alike"
FROM (SELECT *
FROM "t12" AS "t13"
WHERE isNull("t13"."reason") AND "t13"."matches" > 0 AND isNotNull("t13"."subject")) AS "t15") AS "t18"
WHERE "t18"."place" < 5 AND "t18"."alike" >= 3) AS "t21") AS "t24") AS "t27") AS "t28"
ORDER BY "t28"."subject" ASC, "t28"."opens" ASC, "t28"."place" ASC
