"""What people decide about alerts, and why a transition was not told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alert", sa.BigInteger()),
        sa.Column("rule", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("window", sa.Text()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_decisions_alert_alerts"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_alert", "decisions", ["alert"])
    op.add_column("transitions", sa.Column("muted", sa.Text()))
