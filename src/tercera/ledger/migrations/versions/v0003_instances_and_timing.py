"""Several instances (leases, claims by name), channels that are paused, messages that wait for others, orders
that could count."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("messages", sa.Column("claimed_by", sa.Text()))
    op.add_column("messages", sa.Column("bundle", sa.Text()))
    op.add_column("messages", sa.Column("run", sa.BigInteger()))
    op.add_column("transitions", sa.Column("doubtful", sa.Text()))
    op.add_column("transitions", sa.Column("levels", sa.Text()))
    op.create_index("ix_messages_channel_recipient_bundle", "messages", ["channel", "recipient", "bundle"])
    waiting = sa.text("run IS NOT NULL")
    op.create_index("ix_messages_run", "messages", ["run"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_receipts_at", "receipts", ["at"])
    op.create_table(
        "circuits",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_circuits"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
