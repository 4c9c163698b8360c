"""How tables and files tell of changed orders: files by size and times (`arrivals`), tables by a column that
grows (`cursor`) or by triggers that note them (`noted`, PostgreSQL)."""
