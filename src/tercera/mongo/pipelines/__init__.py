"""What the server is asked, as values: expressions, ranges, and the aggregation behind a tally."""
