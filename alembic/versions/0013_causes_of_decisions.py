"""Columns of a decision: since when a release blocks a change, and whether guv itself failed.

Both were read from English sentences before. Rows of the last day get their values, which is as far
back as anything looks.

Revision: 0013
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    fault = sa.Column("is_fault", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("decision", fault)
    op.add_column("decision", sa.Column("blocked_since", sa.DateTime(timezone=True)))
    op.execute(
        "update decision set is_fault = true"
        " where settings_version = '' and at > now() - interval '1 day'"
    )
    op.execute(
        "update decision set blocked_since = at where outcome = 'refused'"
        " and error like 'blocked by deploy since%' and at > now() - interval '1 day'"
    )


def downgrade() -> None:
    op.drop_column("decision", "blocked_since")
    op.drop_column("decision", "is_fault")
