"""How tables and files tell of changed orders: files by size and times (`arrivals`)."""
