"""Feeds of decision events to New Relic accounts, and their positions.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = "settings_level"
INDEX = "ix_settings_level_feed_at"


def upgrade() -> None:
    for name in ("feed_at", "feed_until"):
        op.add_column(TABLE, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        TABLE, sa.Column("feed_failures", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(TABLE, sa.Column("feed_error", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_index(INDEX, TABLE, ["feed_at"], postgresql_where=sa.text("feed_at is not null"))


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    for name in ("feed_error", "feed_failures", "feed_until", "feed_at"):
        op.drop_column(TABLE, name)
