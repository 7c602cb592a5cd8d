"""Hourly usage of roles, and indexes for every filter of decisions.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def total(name):
    return sa.Column(name, sa.Double(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "usage_hour",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dyno_size", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("ticks", sa.Integer(), nullable=False),
        total("seconds"),
        total("dyno_seconds"),
        total("maximum_seconds"),
        sa.Column("ups", sa.Integer(), nullable=False),
        sa.Column("downs", sa.Integer(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=False),
        total("in_time"),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_usage_hour_role_id_role"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "hour", "dyno_size", name=op.f("pk_usage_hour")),
    )
    op.create_index("ix_usage_hour_tenant_id_hour", "usage_hour", ["tenant_id", "hour"])
    op.create_index(
        "ix_decision_tenant_id_reason_at_id", "decision", ["tenant_id", "reason", "at", "id"]
    )
    for name, where in (("changed", "direction <> 'hold'"), ("eventful", "outcome <> 'held'")):
        op.create_index(
            f"ix_decision_{name}",
            "decision",
            ["tenant_id", "at", "id"],
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    op.drop_index("ix_decision_eventful", table_name="decision")
    op.drop_index("ix_decision_changed", table_name="decision")
    op.drop_index("ix_decision_tenant_id_reason_at_id", table_name="decision")
    op.drop_table("usage_hour")
