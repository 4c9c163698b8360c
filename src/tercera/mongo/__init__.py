"""Orders and customers in MongoDB: what a deployment is asked, and how its answers are read.

`pipelines` are values: what the server counts. `rows` is what is counted here, of rows that it hands over.
`collection` asks, `following` reads its changes, `indexes` weighs what questions cost.
"""
