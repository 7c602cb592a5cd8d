"""Unfinished provisionings, options of addons:create, and the authorization to scale.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sqlmodel.sql.sqltypes.AutoString()


def new_columns():
    return (
        sa.Column("maintenance", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("heroku_updated_at", INSTANT, nullable=True),
        sa.Column("credential", TEXT, server_default="partner", nullable=False),
        sa.Column("credential_by", TEXT, server_default="", nullable=False),
        sa.Column("partner_access_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("partner_refresh_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("partner_expires_at", INSTANT, nullable=True),
    )


def upgrade() -> None:
    op.create_table(
        "unfinished",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("give_up_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("is_asynchronous", sa.Boolean(), nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_unfinished_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_unfinished")),
    )
    op.create_index(op.f("ix_unfinished_next_at"), "unfinished", ["next_at"], unique=False)
    op.add_column("tenant", sa.Column("options_sealed", sa.LargeBinary(), nullable=True))
    for column in new_columns():
        op.add_column("app", column)
    op.create_check_constraint(
        op.f("ck_app_credential"), "app", "credential in ('partner', 'user', 'pasted')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_app_credential"), "app", type_="check")
    for column in reversed(new_columns()):
        op.drop_column("app", column.name)
    op.drop_column("tenant", "options_sealed")
    op.drop_index(op.f("ix_unfinished_next_at"), table_name="unfinished")
    op.drop_table("unfinished")
