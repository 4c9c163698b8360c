"""The rival of a backtest through Spark: the job that somebody who knows PySpark would write by hand.

Rows are read and judged once, grouped by order and then by customer and month; the few numbers of each group
are what is left to count.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

VALID = r"^(\w+_\d+|[0-9A-Za-z]{24})$"


def count(session: SparkSession, folder: str) -> dict[str, Any]:
    """Alerts, customers, levels, months, distinct orders and rejects of a folder of Parquet."""
    pairs = _pairs(session, folder)
    matched = F.when(pairs.reason.isNull() & (pairs.matched >= 3), pairs.matched)
    level = F.when(matched >= 10, "critical").when(matched >= 5, "warning").when(matched >= 3, "notice")
    summed = (
        pairs.withColumns({"level": level, "month": F.when(level.isNotNull(), pairs.month)})
        .groupBy("reason", "month", "level")
        .agg(
            F.count("*").alias("alerts"),
            F.collect_set(F.when(F.col("level").isNotNull(), F.col("customer"))).alias("customers"),
            F.sum("orders").alias("orders"),
            F.sum("rows").alias("rows"),
            F.sum("matches").alias("matches"),
        )
    )
    found: dict[str, Any] = {"alerts": 0, "by_level": {}, "by_window": {}, "orders": 0, "rejects": {}}
    customers: set[str] = set()
    for row in summed.collect():
        if row.reason is not None:
            found["rejects"][row.reason] = [row["rows"], row.matches]
            continue
        found["orders"] += row.orders
        if row.level is None:
            continue
        found["alerts"] += row.alerts
        customers.update(row.customers)
        for what, name in (("by_level", row.level), ("by_window", row.month)):
            found[what][name] = found[what].get(name, 0) + row.alerts
    return {**found, "customers": len(customers)}


def _pairs(session: SparkSession, folder: str) -> Any:
    """One row for each customer and month, and for each reason of rejects."""
    rows = session.read.parquet(folder)
    day = rows.shipping_date
    reason = (
        F.when(_blank(rows.shipping_id), "no_order_id")
        .when(_blank(rows.order_vendor_dbname), "no_customer")
        .when(~rows.order_vendor_dbname.rlike(VALID), "invalid_customer_id")
        .when(_blank(day), "no_date")
        .when(
            ~day.rlike(r"^(19|20)\d\d-\d\d-\d\d$") | F.expr("try_cast(shipping_date AS date)").isNull(),
            "unreadable_date",
        )
        .when(_blank(rows.shipping_status), "no_status")
    )
    judged = rows.select(
        reason.alias("reason"),
        F.coalesce(rows.shipping_status.isin("returned", "cancelled"), F.lit(False)).alias("matching"),
        F.when(reason.isNull(), rows.shipping_id).alias("id"),
        F.when(reason.isNull(), rows.order_vendor_dbname).alias("customer"),
        F.when(reason.isNull(), F.substring(day, 1, 7)).alias("month"),
    )
    each = judged.groupBy("reason", "customer", "month", "id").agg(
        F.max("matching").alias("matching"),
        F.count("*").alias("rows"),
        F.count(F.when(F.col("matching"), 1)).alias("matches"),
    )
    return each.groupBy("reason", "customer", "month").agg(
        F.count("*").alias("orders"),
        F.count(F.when(F.col("matching"), 1)).alias("matched"),
        F.sum("rows").alias("rows"),
        F.sum("matches").alias("matches"),
    )


def _blank(column: Any) -> Any:
    return column.isNull() | (F.trim(column) == "")
