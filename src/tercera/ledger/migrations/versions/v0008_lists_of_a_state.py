"""Lists of alerts of one state: of those that are open, above all."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_alerts_state_changed_at_id", "alerts", ["state", "changed_at", "id"])
    op.create_index("ix_alerts_state_matched_id", "alerts", ["state", "matched", "id"])
