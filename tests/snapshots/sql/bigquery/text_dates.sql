WITH `t13` AS (SELECT `t12`.`reason`, `t12`.`subject`, `t12`.`opens`, `t12`.`order_id`,
    COUNT(*) AS `rows`,
    COUNTIF(`t12`.`matching`) AS `matches`,
    LOGICAL_OR(`t12`.`matching`) AS `matching`,
    MIN(`t12`.`placed`) AS `placed`,
    MAX(`t12`.`amount`) AS `amount`,
    MIN(`t12`.`status`) AS `status`,
    MIN(`t12`.`sample`) AS `sample`,
    MAX(`t12`.`dated`) AS `newest`
FROM (SELECT `t11`.`reason`, `t11`.`matching`, `t11`.`order_id`, `t11`.`subject`, `t11`.`opens`, `t11`.`placed`, `t11`.`amount`, `t11`.`status`, `t11`.`sample`,
    CAST(NULL AS INT64) AS `dated`
FROM (SELECT `t10`.`reason`, `t10`.`matching`, IF(`t10`.`reason` IS NULL, `t10`.`order_id`, CAST((FARM_FINGERPRINT(`t10`.`sample`) & 1023) AS STRING)) AS `order_id`, `t10`.`subject`, `t10`.`opens`, `t10`.`placed`, `t10`.`amount`, `t10`.`status`, `t10`.`sample`
FROM (SELECT `t9`.`tercera_reason` AS `reason`,
    `t9`.`tercera_matching` AS `matching`,
    CASE WHEN `t9`.`tercera_is_plain` THEN `t9`.`tercera_text_order_id` WHEN `t9`.`tercera_reason` IS NULL THEN (CASE WHEN CHAR_LENGTH((CAST(`t9`.`order_id` AS STRING))) <= 1000 THEN (CAST(`t9`.`order_id` AS STRING)) END) ELSE NULL END AS `order_id`,
    CASE WHEN `t9`.`tercera_is_plain` THEN `t9`.`tercera_text_customer_id` WHEN `t9`.`tercera_reason` IS NULL THEN (CASE WHEN CHAR_LENGTH((CAST(`t9`.`customer_id` AS STRING))) <= 1000 THEN (CAST(`t9`.`customer_id` AS STRING)) END) ELSE NULL END AS `subject`, IF(`t9`.`tercera_reason` IS NULL, (DATE_TRUNC(DATE_FROM_UNIX_DATE((DIV(`t9`.`tercera_clock` - (MOD(MOD(`t9`.`tercera_clock`, 86400000000) + 86400000000, 86400000000)), 86400000000))), MONTH)),
    CAST(NULL AS DATE)) AS `opens`, IF((`t9`.`tercera_reason` IS NULL) AND `t9`.`tercera_matching`, (`t9`.`tercera_clock` * 2) + CAST(IF(TRUE, 0,
    1) AS INT64),
    CAST(NULL AS INT64)) AS `placed`, IF((`t9`.`tercera_reason` IS NULL) AND `t9`.`tercera_matching`, (IF(ABS((SAFE_CAST((IF(REGEXP_CONTAINS((CASE WHEN CHAR_LENGTH((CAST(`t9`.`amount` AS STRING))) <= 1000 THEN (CAST(`t9`.`amount` AS STRING)) END), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$'), REGEXP_EXTRACT((CASE WHEN CHAR_LENGTH((CAST(`t9`.`amount` AS STRING))) <= 1000 THEN (CAST(`t9`.`amount` AS STRING)) END), '([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?)'),
    NULL)) AS BIGNUMERIC))) < 100000000000000, CAST(ROUND((SAFE_CAST((IF(REGEXP_CONTAINS((CASE WHEN CHAR_LENGTH((CAST(`t9`.`amount` AS STRING))) <= 1000 THEN (CAST(`t9`.`amount` AS STRING)) END), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$'), REGEXP_EXTRACT((CASE WHEN CHAR_LENGTH((CAST(`t9`.`amount` AS STRING))) <= 1000 THEN (CAST(`t9`.`amount` AS STRING)) END), '([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?)'),
    NULL)) AS BIGNUMERIC)), 4,
    'ROUND_HALF_EVEN') AS NUMERIC), NULL)),
    CAST(NULL AS NUMERIC)) AS `amount`, IF((`t9`.`tercera_reason` IS NULL) AND `t9`.`tercera_matching`,
    (CASE WHEN CHAR_LENGTH((CAST(`t9`.`status` AS STRING))) <= 1000 THEN (CAST(`t9`.`status` AS STRING)) END),
    CAST(NULL AS STRING)) AS `status`, IF(`t9`.`tercera_reason` IS NULL,
    CAST(NULL AS STRING),
    (TO_JSON_STRING([(SUBSTR((CAST(`t9`.`order_id` AS STRING)), 1, 200)),
    (SUBSTR((CAST(`t9`.`status` AS STRING)), 1,
    200))]))) AS `sample`
FROM (SELECT `t8`.`order_id`, `t8`.`customer_id`, `t8`.`status`, `t8`.`amount`, `t8`.`placed_at`, `t8`.`tercera_placed`, `t8`.`tercera_text_customer_id`, `t8`.`tercera_text_order_id`, `t8`.`tercera_text_status`, `t8`.`tercera_stamp`, `t8`.`tercera_shown`, `t8`.`tercera_clock`, `t8`.`tercera_is_plain`, `t8`.`tercera_reason`, COALESCE(TRUE AND `t8`.`tercera_text_status` IN ('returned', 'cancelled'),
    FALSE) AS `tercera_matching`
FROM (SELECT `t7`.`order_id`, `t7`.`customer_id`, `t7`.`status`, `t7`.`amount`, `t7`.`placed_at`, `t7`.`tercera_placed`, `t7`.`tercera_text_customer_id`, `t7`.`tercera_text_order_id`, `t7`.`tercera_text_status`, `t7`.`tercera_stamp`, `t7`.`tercera_shown`, `t7`.`tercera_clock`, `t7`.`tercera_is_plain`, IF(`t7`.`tercera_is_plain`,
    CAST(NULL AS INT64),
    CASE WHEN NOT (NOT (CASE WHEN ((CAST(`t7`.`order_id` AS STRING)) >= '!') AND ((CAST(`t7`.`order_id` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t7`.`order_id` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 1 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t7`.`order_id` AS STRING))) <= 1000 THEN (CAST(`t7`.`order_id` AS STRING)) END) IS NULL THEN 2 WHEN NOT (NOT (CASE WHEN ((CAST(`t7`.`customer_id` AS STRING)) >= '!') AND ((CAST(`t7`.`customer_id` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t7`.`customer_id` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 3 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t7`.`customer_id` AS STRING))) <= 1000 THEN (CAST(`t7`.`customer_id` AS STRING)) END) IS NULL THEN 4 WHEN NOT ((REGEXP_CONTAINS((CASE WHEN CHAR_LENGTH((CAST(`t7`.`customer_id` AS STRING))) <= 1000 THEN (CAST(`t7`.`customer_id` AS STRING)) END), '\\A[0-9A-Z_a-z]+_[0-9]+\\z'))) THEN 4 WHEN NOT (NOT (CASE WHEN ((CAST(`t7`.`placed_at` AS STRING)) >= '!') AND ((CAST(`t7`.`placed_at` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t7`.`placed_at` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 5 WHEN `t7`.`tercera_stamp` IS NULL THEN 6 WHEN NOT (NOT (CASE WHEN ((CAST(`t7`.`status` AS STRING)) >= '!') AND ((CAST(`t7`.`status` AS STRING)) < '\x7f') THEN FALSE ELSE COALESCE((REGEXP_CONTAINS((CAST(`t7`.`status` AS STRING)), '^[\t\n\v\f\r\x1c\x1d\x1e\x1f                  　]*$')), TRUE) END)) THEN 7 WHEN (CASE WHEN CHAR_LENGTH((CAST(`t7`.`status` AS STRING))) <= 1000 THEN (CAST(`t7`.`status` AS STRING)) END) IS NULL THEN 8 ELSE CAST(NULL AS INT64) END) AS `tercera_reason`
FROM (SELECT `t6`.`order_id`, `t6`.`customer_id`, `t6`.`status`, `t6`.`amount`, `t6`.`placed_at`, `t6`.`tercera_placed`, `t6`.`tercera_text_customer_id`, `t6`.`tercera_text_order_id`, `t6`.`tercera_text_status`, `t6`.`tercera_stamp`, `t6`.`tercera_shown`, `t6`.`tercera_clock`, COALESCE((`t6`.`tercera_stamp` IS NOT NULL) AND ((`t6`.`tercera_text_customer_id` >= '!') AND (`t6`.`tercera_text_customer_id` < '\x7f') AND ((BYTE_LENGTH(`t6`.`tercera_text_customer_id`)) <= 1000)) AND (REGEXP_CONTAINS(`t6`.`tercera_text_customer_id`, '\\A[0-9A-Z_a-z]+_[0-9]+\\z')) AND ((`t6`.`tercera_text_order_id` >= '!') AND (`t6`.`tercera_text_order_id` < '\x7f') AND ((BYTE_LENGTH(`t6`.`tercera_text_order_id`)) <= 1000)) AND ((`t6`.`tercera_text_status` >= '!') AND (`t6`.`tercera_text_status` < '\x7f') AND ((BYTE_LENGTH(`t6`.`tercera_text_status`)) <= 1000)),
    FALSE) AS `tercera_is_plain`
FROM (SELECT *
FROM (SELECT *
FROM (SELECT `t3`.`order_id`, `t3`.`customer_id`, `t3`.`status`, `t3`.`amount`, `t3`.`placed_at`, `t3`.`tercera_placed`, `t3`.`tercera_text_customer_id`, `t3`.`tercera_text_order_id`, `t3`.`tercera_text_status`, `t3`.`tercera_stamp`, `t3`.`tercera_shown`,
    `t3`.`tercera_shown` AS `tercera_clock`
FROM (SELECT `t2`.`order_id`, `t2`.`customer_id`, `t2`.`status`, `t2`.`amount`, `t2`.`placed_at`, `t2`.`tercera_placed`, `t2`.`tercera_text_customer_id`, `t2`.`tercera_text_order_id`, `t2`.`tercera_text_status`, `t2`.`tercera_stamp`,
    CASE WHEN `t2`.`tercera_stamp` = 0 THEN (UNIX_DATE(SAFE_CAST((CONCAT((SUBSTR(`t2`.`tercera_placed`, 1, 4)), '-', (SUBSTR(`t2`.`tercera_placed`, 6, 2)), '-', (SUBSTR(`t2`.`tercera_placed`, 9,
    2)))) AS DATE))) * 86400000000 ELSE CAST(NULL AS INT64) END AS `tercera_shown`
FROM (SELECT `t1`.`order_id`, `t1`.`customer_id`, `t1`.`status`, `t1`.`amount`, `t1`.`placed_at`, `t1`.`tercera_placed`, `t1`.`tercera_text_customer_id`, `t1`.`tercera_text_order_id`, `t1`.`tercera_text_status`,
    CASE WHEN `t1`.`tercera_placed` IN ('2023-06-01', '2023-06-02', '2023-06-03', '2023-06-04', '2023-06-05', '2023-06-06', '2023-06-07', '2023-06-08', '2023-06-09', '2023-06-10', '2023-06-11', '2023-06-12', '2023-06-13', '2023-06-14', '2023-06-15', '2023-06-16', '2023-06-17', '2023-06-18', '2023-06-19', '2023-06-20', '2023-06-21', '2023-06-22', '2023-06-23', '2023-06-24', '2023-06-25', '2023-06-26', '2023-06-27', '2023-06-28', '2023-06-29', '2023-06-30') THEN 0 WHEN (REGEXP_CONTAINS(`t1`.`tercera_placed`, '\\A((?:((?:19|20))[0-9]{2}\\-((?:0[1-9]|1[0-2]))\\-((?:0[1-9]|1[0-9]|2[0-8]))|((?:19|20))[0-9]{2}\\-((?:0[13-9]|1[0-2]))\\-((?:29|30))|((?:19|20))[0-9]{2}\\-((?:0[1357-8]|1[02]))\\-31|((?:((?:19|20))((?:0[48]|[2468][048]|[13579][26]))|2000))\\-02\\-29))\\z')) THEN 0 ELSE CAST(NULL AS INT64) END AS `tercera_stamp`
FROM (SELECT `t0`.`order_id`, `t0`.`customer_id`, `t0`.`status`, `t0`.`amount`, `t0`.`placed_at`,
    (CAST(`t0`.`placed_at` AS STRING)) AS `tercera_placed`,
    (CAST(`t0`.`customer_id` AS STRING)) AS `tercera_text_customer_id`,
    (CAST(`t0`.`order_id` AS STRING)) AS `tercera_text_order_id`,
    (CAST(`t0`.`status` AS STRING)) AS `tercera_text_status`
FROM `orders` AS `t0`) AS `t1`) AS `t2`) AS `t3`) AS `t4`
WHERE (`t4`.`tercera_clock` IS NULL) OR (`t4`.`tercera_clock` >= 1685577600000000)) AS `t5`
WHERE (`t5`.`tercera_clock` IS NULL) OR (`t5`.`tercera_clock` < 1688169600000000)) AS `t6`) AS `t7`) AS `t8`) AS `t9`) AS `t10`) AS `t11`) AS `t12`
GROUP BY 1, 2, 3, 4) SELECT *
FROM (SELECT *
FROM (SELECT `t21`.`reason`, `t21`.`subject`, `t21`.`opens`, `t21`.`place`, `t21`.`rows`, `t21`.`matches`,
    CAST(NULL AS INT64) AS `matched`,
    CAST(NULL AS INT64) AS `orders`,
    CAST(NULL AS INT64) AS `pairs`,
    (CAST(NULL AS NUMERIC)) AS `amount`,
    CAST(NULL AS INT64) AS `first`,
    CAST(NULL AS INT64) AS `last`, `t21`.`newest`, `t21`.`order_id`,
    CAST(NULL AS STRING) AS `status`, `t21`.`sample`
FROM (SELECT *
FROM (SELECT `t15`.`reason`, `t15`.`subject`, `t15`.`opens`, `t15`.`order_id`, `t15`.`rows`, `t15`.`matches`, `t15`.`matching`, `t15`.`placed`, `t15`.`amount`, `t15`.`status`, `t15`.`sample`, `t15`.`newest`, ROW_NUMBER() OVER (PARTITION BY `t15`.`reason`
ORDER BY `t15`.`sample` ASC) - 1 AS `place`
FROM (SELECT *
FROM `t13` AS `t14`
WHERE `t14`.`reason` IS NOT NULL) AS `t15`) AS `t18`
WHERE `t18`.`place` < 5) AS `t21`) AS `t24`
UNION ALL SELECT *
FROM (SELECT *
FROM (SELECT `t26`.`reason`, `t26`.`subject`, `t26`.`opens`,
    -1 AS `place`, `t26`.`rows`, `t26`.`matches`, `t26`.`matched`, `t26`.`orders`, `t26`.`pairs`, `t26`.`amount`, `t26`.`first`, `t26`.`last`, `t26`.`newest`,
    CAST(NULL AS STRING) AS `order_id`,
    CAST(NULL AS STRING) AS `status`,
    CAST(NULL AS STRING) AS `sample`
FROM (SELECT `t23`.`reason`, `t23`.`subject`, `t23`.`opens`,
    SUM(`t23`.`rows`) AS `rows`,
    SUM(`t23`.`matches`) AS `matches`,
    SUM(`t23`.`matched`) AS `matched`, SUM(IF(`t23`.`is_pair`, `t23`.`orders`,
    0)) AS `orders`,
    COUNTIF(`t23`.`is_pair`) AS `pairs`,
    MAX(`t23`.`amount`) AS `amount`,
    MIN(`t23`.`first`) AS `first`,
    MAX(`t23`.`last`) AS `last`,
    MAX(`t23`.`newest`) AS `newest`
FROM (SELECT `t20`.`reason`, IF(`t20`.`is_told`, `t20`.`subject`,
    CAST(NULL AS STRING)) AS `subject`, IF(`t20`.`is_told`, `t20`.`opens`,
    CAST(NULL AS DATE)) AS `opens`, `t20`.`rows`, `t20`.`matches`, `t20`.`matched`, `t20`.`orders`, `t20`.`amount`, `t20`.`first`, `t20`.`last`, `t20`.`newest`, `t20`.`is_told`, `t20`.`subject` IS NOT NULL AS `is_pair`
FROM (SELECT `t17`.`reason`, `t17`.`subject`, `t17`.`opens`, `t17`.`rows`, `t17`.`matches`, `t17`.`matched`, `t17`.`orders`, `t17`.`amount`, `t17`.`first`, `t17`.`last`, `t17`.`newest`, (`t17`.`reason` IS NULL) AND (`t17`.`subject` IS NOT NULL) AND (`t17`.`matched` >= 3) AS `is_told`
FROM (SELECT `t14`.`reason`, `t14`.`subject`, `t14`.`opens`,
    SUM(`t14`.`rows`) AS `rows`,
    SUM(`t14`.`matches`) AS `matches`,
    COUNTIF(`t14`.`matching`) AS `matched`,
    COUNT(*) AS `orders`,
    SUM(`t14`.`amount`) AS `amount`,
    MIN(`t14`.`placed`) AS `first`,
    MAX(`t14`.`placed`) AS `last`,
    MAX(`t14`.`newest`) AS `newest`
FROM `t13` AS `t14`
GROUP BY 1, 2,
    3) AS `t17`) AS `t20`) AS `t23`
GROUP BY 1, 2,
    3) AS `t26`) AS `t27`
UNION ALL SELECT *
FROM (SELECT `t22`.`reason`, `t22`.`subject`, `t22`.`opens`, `t22`.`place`, `t22`.`rows`, `t22`.`matches`,
    CAST(NULL AS INT64) AS `matched`,
    CAST(NULL AS INT64) AS `orders`,
    CAST(NULL AS INT64) AS `pairs`,
    (`t22`.`amount`) AS `amount`,
    `t22`.`placed` AS `first`,
    CAST(NULL AS INT64) AS `last`, `t22`.`newest`, `t22`.`order_id`, `t22`.`status`, `t22`.`sample`
FROM (SELECT *
FROM (SELECT `t16`.`reason`, `t16`.`subject`, `t16`.`opens`, `t16`.`order_id`, `t16`.`rows`, `t16`.`matches`, `t16`.`matching`, `t16`.`placed`, `t16`.`amount`, `t16`.`status`, `t16`.`sample`, `t16`.`newest`, ROW_NUMBER() OVER (PARTITION BY `t16`.`subject`, `t16`.`opens`
ORDER BY `t16`.`placed` ASC, `t16`.`order_id` ASC) - 1 AS `place`, COUNT(*) OVER (PARTITION BY `t16`.`subject`, `t16`.`opens` ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS `alike`
FROM (SELECT *
FROM `t13` AS `t14`
WHERE `t14`.`reason` IS NULL AND `t14`.`matching` AND `t14`.`subject` IS NOT NULL) AS `t16`) AS `t19`
WHERE `t19`.`place` < 5 AND `t19`.`alike` >= 3) AS `t22`) AS `t25`) AS `t28`) AS `t29`
ORDER BY `t29`.`subject` ASC NULLS LAST, `t29`.`opens` ASC NULLS LAST, `t29`.`place` ASC NULLS LAST
