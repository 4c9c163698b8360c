WITH `t13` AS (SELECT `t12`.`reason`, `t12`.`subject`, `t12`.`opens`, `t12`.`order_id`,
    COUNT(*) AS `rows`,
    COUNTIF(`t12`.`matching`) AS `matches`,
    MIN(`t12`.`placed`) AS `placed`,
    MIN(`t12`.`sample`) AS `sample`
FROM (SELECT `t11`.`reason`, `t11`.`matching`, IF(`t11`.`reason` IS NULL, `t11`.`order_id`, CAST((FARM_FINGERPRINT(`t11`.`sample`) & 1023) AS STRING)) AS `order_id`, `t11`.`subject`, `t11`.`opens`, `t11`.`placed`, `t11`.`amount`, `t11`.`status`, `t11`.`sample`
FROM (SELECT `t10`.`tercera_reason` AS `reason`,
    `t10`.`tercera_matching` AS `matching`, IF((`t10`.`tercera_reason` IS NULL) AND `t10`.`tercera_matching`,
    CASE WHEN `t10`.`tercera_is_plain` THEN `t10`.`tercera_text_order_id` WHEN `t10`.`tercera_reason` IS NULL THEN (CASE WHEN CHAR_LENGTH((CAST(`t10`.`order_id` AS STRING))) <= 1000 THEN (CAST(`t10`.`order_id` AS STRING)) END) ELSE NULL END,
    CAST(NULL AS STRING)) AS `order_id`, IF((`t10`.`tercera_reason` IS NULL) AND `t10`.`tercera_matching`,
    CASE WHEN `t10`.`tercera_is_plain` THEN `t10`.`tercera_text_customer_id` WHEN `t10`.`tercera_reason` IS NULL THEN (CASE WHEN CHAR_LENGTH((CAST(`t10`.`customer_id` AS STRING))) <= 1000 THEN (CAST(`t10`.`customer_id` AS STRING)) END) ELSE NULL END,
    CAST(NULL AS STRING)) AS `subject`, IF((`t10`.`tercera_reason` IS NULL) AND `t10`.`tercera_matching`, (DATE_TRUNC(DATE_FROM_UNIX_DATE((DIV(`t10`.`tercera_clock` - (MOD(MOD(`t10`.`tercera_clock`, 86400000000) + 86400000000, 86400000000)), 86400000000))), ISOWEEK)),
    CAST(NULL AS DATE)) AS `opens`, IF((`t10`.`tercera_reason` IS NULL) AND `t10`.`tercera_matching`, (`t10`.`tercera_clock` * 2) + CAST(IF(FALSE, 0,
    1) AS INT64),
    CAST(NULL AS INT64)) AS `placed`,
    CAST(NULL AS NUMERIC) AS `amount`,
    CAST(NULL AS STRING) AS `status`, IF(`t10`.`tercera_reason` IS NULL,
    CAST(NULL AS STRING),
    (TO_JSON_STRING([(SUBSTR((CAST(`t10`.`order_id` AS STRING)), 1, 200)),
    (SUBSTR((CAST(`t10`.`status` AS STRING)), 1,
    200))]))) AS `sample`
FROM (SELECT `t9`.`order_id`, `t9`.`customer_id`, `t9`.`status`, `t9`.`amount`, `t9`.`placed_at`, `t9`.`tercera_placed`, `t9`.`tercera_text_customer_id`, `t9`.`tercera_text_order_id`, `t9`.`tercera_text_status`, `t9`.`tercera_first`, `t9`.`tercera_stamp`, `t9`.`tercera_shown`, `t9`.`tercera_clock`, `t9`.`tercera_is_plain`, `t9`.`tercera_reason`, COALESCE(TRUE AND (LOWER(`t9`.`tercera_text_status`)) IN ('devuelto'),
    FALSE) AS `tercera_matching`
FROM (SELECT `t8`.`order_id`, `t8`.`customer_id`, `t8`.`status`, `t8`.`amount`, `t8`.`placed_at`, `t8`.`tercera_placed`, `t8`.`tercera_text_customer_id`, `t8`.`tercera_text_order_id`, `t8`.`tercera_text_status`, `t8`.`tercera_first`, `t8`.`tercera_stamp`, `t8`.`tercera_shown`, `t8`.`tercera_clock`, `t8`.`tercera_is_plain`, IF(`t8`.`tercera_is_plain`,
    CAST(NULL AS INT64),
    CASE WHEN NOT (NOT (CASE WHEN ((CAST(`t8`.`order_id` AS STRING)) >= '!') AND ((CAST(`t8`.`order_id` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t8`.`order_id` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 1 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t8`.`order_id` AS STRING))) <= 1000 THEN (CAST(`t8`.`order_id` AS STRING)) END) IS NULL THEN 2 WHEN NOT (NOT (CASE WHEN ((CAST(`t8`.`customer_id` AS STRING)) >= '!') AND ((CAST(`t8`.`customer_id` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t8`.`customer_id` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 3 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t8`.`customer_id` AS STRING))) <= 1000 THEN (CAST(`t8`.`customer_id` AS STRING)) END) IS NULL THEN 4 WHEN NOT (`t8`.`placed_at` IS NOT NULL) THEN 5 WHEN `t8`.`tercera_stamp` IS NULL THEN 6 WHEN NOT (NOT (CASE WHEN ((CAST(`t8`.`status` AS STRING)) >= '!') AND ((CAST(`t8`.`status` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t8`.`status` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 7 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t8`.`status` AS STRING))) <= 1000 THEN (CAST(`t8`.`status` AS STRING)) END) IS NULL THEN 8 ELSE CAST(NULL AS INT64) END) AS `tercera_reason`
FROM (SELECT `t7`.`order_id`, `t7`.`customer_id`, `t7`.`status`, `t7`.`amount`, `t7`.`placed_at`, `t7`.`tercera_placed`, `t7`.`tercera_text_customer_id`, `t7`.`tercera_text_order_id`, `t7`.`tercera_text_status`, `t7`.`tercera_first`, `t7`.`tercera_stamp`, `t7`.`tercera_shown`, `t7`.`tercera_clock`, COALESCE((`t7`.`tercera_stamp` IS NOT NULL) AND ((`t7`.`tercera_text_customer_id` >= '!') AND (`t7`.`tercera_text_customer_id` < '\x7f') AND ((BYTE_LENGTH(`t7`.`tercera_text_customer_id`)) <= 1000)) AND ((`t7`.`tercera_text_order_id` >= '!') AND (`t7`.`tercera_text_order_id` < '\x7f') AND ((BYTE_LENGTH(`t7`.`tercera_text_order_id`)) <= 1000)) AND ((`t7`.`tercera_text_status` >= '!') AND (`t7`.`tercera_text_status` < '\x7f') AND ((BYTE_LENGTH(`t7`.`tercera_text_status`)) <= 1000)),
    FALSE) AS `tercera_is_plain`
FROM (SELECT *
FROM (SELECT *
FROM (SELECT `t4`.`order_id`, `t4`.`customer_id`, `t4`.`status`, `t4`.`amount`, `t4`.`placed_at`, `t4`.`tercera_placed`, `t4`.`tercera_text_customer_id`, `t4`.`tercera_text_order_id`, `t4`.`tercera_text_status`, `t4`.`tercera_first`, `t4`.`tercera_stamp`, `t4`.`tercera_shown`,
    CASE WHEN TRUE THEN (`t4`.`tercera_shown` + (25200000000)) ELSE `t4`.`tercera_shown` END AS `tercera_clock`
FROM (SELECT `t3`.`order_id`, `t3`.`customer_id`, `t3`.`status`, `t3`.`amount`, `t3`.`placed_at`, `t3`.`tercera_placed`, `t3`.`tercera_text_customer_id`, `t3`.`tercera_text_order_id`, `t3`.`tercera_text_status`, `t3`.`tercera_first`, `t3`.`tercera_stamp`,
    `t3`.`tercera_stamp` AS `tercera_shown`
FROM (SELECT `t2`.`order_id`, `t2`.`customer_id`, `t2`.`status`, `t2`.`amount`, `t2`.`placed_at`, `t2`.`tercera_placed`, `t2`.`tercera_text_customer_id`, `t2`.`tercera_text_order_id`, `t2`.`tercera_text_status`, `t2`.`tercera_first`,
    `t2`.`tercera_first` AS `tercera_stamp`
FROM (SELECT `t1`.`order_id`, `t1`.`customer_id`, `t1`.`status`, `t1`.`amount`, `t1`.`placed_at`, `t1`.`tercera_placed`, `t1`.`tercera_text_customer_id`, `t1`.`tercera_text_order_id`, `t1`.`tercera_text_status`, IF((UNIX_MICROS(TIMESTAMP(`t1`.`tercera_placed`))) BETWEEN -62135510400000000 AND 253402128000000000, (UNIX_MICROS(TIMESTAMP(`t1`.`tercera_placed`))),
    CAST(NULL AS INT64)) AS `tercera_first`
FROM (SELECT `t0`.`order_id`, `t0`.`customer_id`, `t0`.`status`, `t0`.`amount`, `t0`.`placed_at`,
    `t0`.`placed_at` AS `tercera_placed`,
    (CAST(`t0`.`customer_id` AS STRING)) AS `tercera_text_customer_id`,
    (CAST(`t0`.`order_id` AS STRING)) AS `tercera_text_order_id`,
    (CAST(`t0`.`status` AS STRING)) AS `tercera_text_status`
FROM `orders` AS `t0`) AS `t1`) AS `t2`) AS `t3`) AS `t4`) AS `t5`
WHERE (`t5`.`tercera_clock` IS NULL) OR (`t5`.`tercera_clock` >= 1685923200000000)) AS `t6`
WHERE (`t6`.`tercera_clock` IS NULL) OR (`t6`.`tercera_clock` < 1686528000000000)) AS `t7`) AS `t8`) AS `t9`) AS `t10`) AS `t11`) AS `t12`
GROUP BY 1, 2, 3, 4) SELECT *
FROM (SELECT *
FROM (SELECT `t22`.`reason`, `t22`.`subject`, `t22`.`opens`,
    -1 AS `place`, `t22`.`rows`, `t22`.`matches`, `t22`.`matched`, `t22`.`orders`, `t22`.`pairs`,
    CAST(NULL AS NUMERIC) AS `amount`, `t22`.`first`, `t22`.`last`,
    CAST(NULL AS INT64) AS `newest`,
    CAST(NULL AS STRING) AS `order_id`,
    CAST(NULL AS STRING) AS `status`,
    CAST(NULL AS STRING) AS `sample`
FROM (SELECT `t20`.`reason`, `t20`.`subject`, `t20`.`opens`,
    SUM(`t20`.`rows`) AS `rows`,
    SUM(`t20`.`matches`) AS `matches`,
    SUM(`t20`.`matched`) AS `matched`, SUM(IF(`t20`.`is_pair`, `t20`.`orders`,
    0)) AS `orders`,
    COUNTIF(`t20`.`is_pair`) AS `pairs`,
    MIN(`t20`.`first`) AS `first`,
    MAX(`t20`.`last`) AS `last`
FROM (SELECT `t18`.`reason`, IF(`t18`.`is_told`, `t18`.`subject`,
    CAST(NULL AS STRING)) AS `subject`, IF(`t18`.`is_told`, `t18`.`opens`,
    CAST(NULL AS DATE)) AS `opens`, `t18`.`rows`, `t18`.`matches`, `t18`.`matched`, `t18`.`orders`, `t18`.`first`, `t18`.`last`, `t18`.`is_told`, `t18`.`subject` IS NOT NULL AS `is_pair`
FROM (SELECT `t16`.`reason`, `t16`.`subject`, `t16`.`opens`, `t16`.`rows`, `t16`.`matches`, `t16`.`matched`, `t16`.`orders`, `t16`.`first`, `t16`.`last`, (`t16`.`reason` IS NULL) AND (`t16`.`subject` IS NOT NULL) AND (`t16`.`matched` >= 3) AS `is_told`
FROM (SELECT `t14`.`reason`, `t14`.`subject`, `t14`.`opens`,
    SUM(`t14`.`rows`) AS `rows`,
    SUM(`t14`.`matches`) AS `matches`, COUNTIF(`t14`.`matches` > 0) AS `matched`,
    COUNT(*) AS `orders`,
    MIN(`t14`.`placed`) AS `first`,
    MAX(`t14`.`placed`) AS `last`
FROM `t13` AS `t14`
GROUP BY 1, 2,
    3) AS `t16`) AS `t18`) AS `t20`
GROUP BY 1, 2,
    3) AS `t22`) AS `t23`
UNION ALL SELECT *
FROM (SELECT `t19`.`reason`, `t19`.`subject`, `t19`.`opens`, `t19`.`place`, `t19`.`rows`, `t19`.`matches`,
    CAST(NULL AS INT64) AS `matched`,
    CAST(NULL AS INT64) AS `orders`,
    CAST(NULL AS INT64) AS `pairs`,
    (CAST(NULL AS NUMERIC)) AS `amount`,
    CAST(NULL AS INT64) AS `first`,
    CAST(NULL AS INT64) AS `last`,
    CAST(NULL AS INT64) AS `newest`, `t19`.`order_id`,
    CAST(NULL AS STRING) AS `status`, `t19`.`sample`
FROM (SELECT *
FROM (SELECT `t15`.`reason`, `t15`.`subject`, `t15`.`opens`, `t15`.`order_id`, `t15`.`rows`, `t15`.`matches`, `t15`.`placed`, `t15`.`sample`, ROW_NUMBER() OVER (PARTITION BY `t15`.`reason`
ORDER BY `t15`.`sample` ASC) - 1 AS `place`
FROM (SELECT *
FROM `t13` AS `t14`
WHERE `t14`.`reason` IS NOT NULL) AS `t15`) AS `t17`
WHERE `t17`.`place` < 5) AS `t19`) AS `t21`) AS `t24`
ORDER BY `t24`.`subject` ASC NULLS LAST, `t24`.`opens` ASC NULLS LAST, `t24`.`place` ASC NULLS LAST
