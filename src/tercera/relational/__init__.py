"""Orders in rows and columns: the tally as one Ibis expression for any engine, and the engine for files.

`expressions` says it for all of them, `engines` what each does in its own way. `databases` asks those that
hold the orders themselves, `files` has DuckDB (`embedded`) read them; `following` reads what changed,
`indexing` weighs what questions cost.
"""
