"""What a rule meant when it was last swept."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("cursors", sa.Column("meaning", sa.Text()))
