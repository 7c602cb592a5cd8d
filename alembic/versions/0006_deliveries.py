"""Deliveries of incidents to each notification target, and their retries.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNTOLD = """
    update incident set notify_at = now() where notify_error is null and (
        (opened_at is not null and resolved_at is null and open_notified_at is null)
        or (open_notified_at is not null and resolved_at is not null
            and resolve_notified_at is null)
    )
"""
TOLD = """
    update incident set deliveries = jsonb_build_object('new_relic', jsonb_strip_nulls(
        jsonb_build_object('opened_at', open_notified_at, 'resolved_at', resolve_notified_at)
    )) where open_notified_at is not null
"""


def upgrade() -> None:
    op.add_column("incident", sa.Column("notify_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "incident",
        sa.Column("deliveries", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index(
        "ix_incident_notify_at",
        "incident",
        ["notify_at"],
        postgresql_where=sa.text("notify_at is not null"),
    )
    op.execute(TOLD)
    op.execute(UNTOLD)


def downgrade() -> None:
    op.drop_index("ix_incident_notify_at", table_name="incident")
    op.drop_column("incident", "deliveries")
    op.drop_column("incident", "notify_at")
