"""Transitions are numbered in the order in which they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("transitions", sa.Column("number", sa.BigInteger()))
    op.add_column("ledger", sa.Column("last_transition", sa.BigInteger()))
    op.execute(
        "UPDATE transitions SET number = numbered.number FROM (SELECT alert, seq, "
        "row_number() OVER (ORDER BY at, alert, seq) AS number FROM transitions) AS numbered "
        "WHERE transitions.alert = numbered.alert AND transitions.seq = numbered.seq"
    )
    op.execute("UPDATE ledger SET last_transition = (SELECT coalesce(max(number), 0) FROM transitions)")
    op.create_index("ix_transitions_number", "transitions", ["number"], unique=True)
