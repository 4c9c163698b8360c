"""Lists of alerts that are sorted by when they moved or by how many orders there are."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_alerts_changed_at_id", "alerts", ["changed_at", "id"])
    op.create_index("ix_alerts_matched_id", "alerts", ["matched", "id"])
    op.create_index("ix_decisions_subject", "decisions", ["subject"])
