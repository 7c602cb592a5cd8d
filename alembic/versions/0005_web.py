"""Log drains, router metrics of web dynos, and starts and crashes of dynos.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
JSONB = postgresql.JSONB(astext_type=sa.Text())


def key(name, type_):
    return sa.Column(name, type_, nullable=False)


def instant(name, *, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def belongs(table, other):
    column = f"{other}_id"
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    _create_drain()
    _create_web_bucket()
    _create_dyno_event()
    _create_web_push()
    op.add_column("sample", sa.Column("web", JSONB, nullable=True))


def _create_drain() -> None:
    op.create_table(
        "drain",
        key("id", sa.Uuid()),
        key("tenant_id", sa.Uuid()),
        key("app_id", sa.Uuid()),
        key("secret_hash", TEXT()),
        sa.Column("token_hash", TEXT()),
        sa.Column("heroku_id", sa.Uuid()),
        instant("retry_at", nullable=True),
        key("note", TEXT()),
        key("read_until", TEXT()),
        instant("seen_at", nullable=True),
        instant("created_at"),
        belongs("drain", "tenant"),
        belongs("drain", "app"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drain")),
        sa.UniqueConstraint("app_id", name=op.f("uq_drain_app_id")),
    )
    op.create_index(op.f("ix_drain_tenant_id"), "drain", ["tenant_id"])


def _create_web_bucket() -> None:
    op.create_table(
        "web_bucket",
        key("app_id", sa.Uuid()),
        instant("at"),
        key("dyno", TEXT()),
        key("requests", sa.Integer()),
        key("lost", sa.Integer()),
        key("service_seconds", sa.Double()),
        key("statuses", JSONB),
        key("errors", JSONB),
        sa.Column("service", sa.LargeBinary()),
        sa.Column("connect", sa.LargeBinary()),
        belongs("web_bucket", "app"),
        sa.PrimaryKeyConstraint("app_id", "at", "dyno", name=op.f("pk_web_bucket")),
    )


def _create_dyno_event() -> None:
    op.create_table(
        "dyno_event",
        key("app_id", sa.Uuid()),
        instant("at"),
        key("dyno", TEXT()),
        key("state", TEXT()),
        sa.Column("quantity", sa.Integer()),
        belongs("dyno_event", "app"),
        sa.PrimaryKeyConstraint("app_id", "at", "dyno", "state", name=op.f("pk_dyno_event")),
    )


def _create_web_push() -> None:
    op.create_table(
        "web_push",
        key("role_id", sa.Uuid()),
        instant("at"),
        key("reading", JSONB),
        belongs("web_push", "role"),
        sa.PrimaryKeyConstraint("role_id", "at", name=op.f("pk_web_push")),
    )


def downgrade() -> None:
    op.drop_column("sample", "web")
    for table in ("web_push", "dyno_event", "web_bucket", "drain"):
        op.drop_table(table)
