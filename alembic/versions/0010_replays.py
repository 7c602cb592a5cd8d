"""Replays of a role's own history, and their results.

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

text = sqlmodel.sql.sqltypes.AutoString


def instant(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "replay",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        instant("asked_at"),
        sa.Column("asked_by", text(), nullable=False),
        instant("since"),
        instant("until"),
        sa.Column("variants", postgresql.JSONB(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        instant("seen_at"),
        instant("finished_at", nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed')", name=op.f("ck_replay_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_replay_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_replay_role_id_role"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay")),
    )
    _create_indexes()


def _create_indexes() -> None:
    op.create_index(
        "uq_replay_role_id",
        "replay",
        ["role_id"],
        unique=True,
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_index("ix_replay_tenant_id_asked_at", "replay", ["tenant_id", "asked_at", "id"])
    op.create_index("ix_replay_role_id_asked_at", "replay", ["role_id", "asked_at"])


def downgrade() -> None:
    op.drop_table("replay")
