"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text()),
        sa.Column("peak", sa.Text()),
        sa.Column("spoken", sa.Boolean(), nullable=False),
        sa.Column("transitions", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Text()),
        sa.Column("first_at", sa.Text()),
        sa.Column("last_at", sa.Text()),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("rule", "window", "subject", name="uq_alerts_rule_window_subject"),
    )
    op.create_index("ix_alerts_rule_state_window_level", "alerts", ["rule", "state", "window", "level"])
    op.create_index("ix_alerts_subject", "alerts", ["subject"])
    op.create_table(
        "cursors",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("checked_through", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_cursors"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_alert", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("last_notice", sa.BigInteger(), nullable=False),
        sa.Column("holder_pid", sa.BigInteger()),
        sa.Column("holder_host", sa.Text()),
        sa.Column("held_since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    op.create_table(
        "messages",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("for_customer", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("key", name="uq_messages_key"),
    )
    op.create_index("ix_messages_state_due_at_id", "messages", ["state", "due_at", "id"])
    op.create_table(
        "runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("summary", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "receipts",
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.BigInteger()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name="fk_receipts_message_messages"),
        sa.PrimaryKeyConstraint("message", "attempt", name="pk_receipts"),
    )
    op.create_table(
        "surveys",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_surveys_run_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "rule", name="pk_surveys"),
    )
    op.create_table(
        "transitions",
        sa.Column("alert", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text()),
        sa.Column("peak", sa.Text()),
        sa.Column("spoken", sa.Boolean(), nullable=False),
        sa.Column("speaks", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("threshold", sa.BigInteger()),
        sa.Column("currency", sa.Text()),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Text()),
        sa.Column("first_at", sa.Text()),
        sa.Column("last_at", sa.Text()),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_transitions_alert_alerts"),
        sa.PrimaryKeyConstraint("alert", "seq", name="pk_transitions"),
    )
    op.create_table(
        "notices",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("alert", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.ForeignKeyConstraint(
            ["alert", "seq"],
            ["transitions.alert", "transitions.seq"],
            name="fk_notices_alert_seq_transitions",
        ),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name="fk_notices_message_messages"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint(
            "alert", "seq", "kind", "channel", "recipient", name="uq_notices_alert_seq_kind_channel_recipient"
        ),
    )
    op.create_index("ix_notices_message", "notices", ["message"])
    op.create_table(
        "rejects",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("matching", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run", "rule"],
            ["surveys.run", "surveys.rule"],
            name="fk_rejects_run_rule_surveys",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run", "rule", "reason", name="pk_rejects"),
    )
