"""Run by Alembic, with the connection and its open transaction from `tercera.ledger.database.schema`."""

from __future__ import annotations

from alembic import context

from tercera.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite too: `BEGIN` is ours, not the driver's
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
