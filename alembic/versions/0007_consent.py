"""OAuth consents that are under way, and the age of an app's credential.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def owned_by(table):
    name = op.f(f"fk_consent_{table}_id_{table}")
    return sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("app", sa.Column("credential_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "consent",
        sa.Column("state_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("back_to", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        owned_by("tenant"),
        owned_by("app"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_tenant_id"), "consent", ["tenant_id"])


def downgrade() -> None:
    op.drop_table("consent")
    op.drop_column("app", "credential_at")
