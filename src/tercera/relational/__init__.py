"""Orders in rows and columns: the tally as one Ibis expression for any engine, and the engine for files.

`cells` (values as text), `placing` (times; `shifts` between zones) and `amounts` (money) are what `tally` is
made of. `embedded` is DuckDB, `tables` makes files known to it, `staged` asks it.
"""
