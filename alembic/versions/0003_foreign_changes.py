"""Changes to a formation by others, and the time of the next token refresh.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app", sa.Column("token_retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("role", sa.Column("dynos_left", sa.Integer(), nullable=True))
    op.add_column("role", sa.Column("foreign_changes", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("role", "foreign_changes")
    op.drop_column("role", "dynos_left")
    op.drop_column("app", "token_retry_at")
