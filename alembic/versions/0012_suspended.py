"""Suspension of a tenant by the operator.

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenant", sa.Column("suspended", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("tenant", "suspended")
