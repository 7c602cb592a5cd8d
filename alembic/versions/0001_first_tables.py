"""Tables of tenants, apps, roles, settings, samples, decisions and incidents.

Revision: 0001
Follows:
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_tenant()
    _create_api_key()
    _create_app()
    _create_settings_change()
    _create_settings_level()
    _create_broker()
    _create_role()
    _create_decision()
    _create_incident()
    _create_sample()
    _create_tick_schedule()


def _create_tenant() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("plan", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grant_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("grant_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deprovisioned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('provisioning', 'provisioned', 'deprovisioned')",
            name=op.f("ck_tenant_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    )


def _create_api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_api_key_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_key_key_hash")),
    )
    op.create_index(op.f("ix_api_key_tenant_id"), "api_key", ["tenant_id"], unique=False)


def _create_app() -> None:
    op.create_table(
        "app",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("heroku_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("access_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("authorization_state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("authorization_note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("authorization_retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "authorization_state in ('unknown', 'authorized', 'needs_authorization')",
            name=op.f("ck_app_authorization_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_app_tenant_id_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app")),
    )
    op.create_index("uq_app_tenant_id_heroku_id", "app", ["tenant_id", "heroku_id"], unique=True)


def _create_settings_change() -> None:
    op.create_table(
        "settings_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_settings_change_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings_change")),
    )
    op.create_index(
        "ix_settings_change_subject_id", "settings_change", ["subject_id", "version"], unique=False
    )
    op.create_index(
        op.f("ix_settings_change_tenant_id"), "settings_change", ["tenant_id"], unique=False
    )


def _create_settings_level() -> None:
    op.create_table(
        "settings_level",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notify_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "level in ('global', 'app', 'role')", name=op.f("ck_settings_level_level")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_settings_level_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_settings_level")),
    )
    op.create_index(
        op.f("ix_settings_level_tenant_id"), "settings_level", ["tenant_id"], unique=False
    )


def _create_broker() -> None:
    op.create_table(
        "broker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_id"], ["app.id"], name=op.f("fk_broker_app_id_app"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_broker_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broker")),
        sa.UniqueConstraint("app_id", name=op.f("uq_broker_app_id")),
    )
    op.create_index(op.f("ix_broker_tenant_id"), "broker", ["tenant_id"], unique=False)


def _create_role() -> None:
    op.create_table(
        "role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("platform_limit", sa.Integer(), nullable=True),
        sa.Column("platform_limit_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["app_id"], ["app.id"], name=op.f("fk_role_app_id_app"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_role_tenant_id_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index(op.f("ix_role_tenant_id"), "role", ["tenant_id"], unique=False)
    op.create_index(
        "uq_role_app_id_name",
        "role",
        ["app_id", "name"],
        unique=True,
        postgresql_where=sa.text("removed_at is null"),
    )


def _create_decision() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settings_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=True),
        sa.Column("required", sa.Integer(), nullable=True),
        sa.Column("desired", sa.Integer(), nullable=True),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("predicted_wait", sa.Double(), nullable=True),
        sa.Column("misses_at_maximum", sa.Boolean(), nullable=False),
        sa.Column("dynos_to_meet", sa.Integer(), nullable=True),
        sa.Column("next_downscale_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("estimates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "direction in ('up', 'down', 'hold')", name=op.f("ck_decision_direction")
        ),
        sa.CheckConstraint(
            "outcome in ('scaled', 'held', 'skipped', 'refused', 'failed')",
            name=op.f("ck_decision_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_decision_role_id_role"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(
        "ix_decision_tenant_id_at_id", "decision", ["tenant_id", "at", "id"], unique=False
    )
    op.create_index("uq_decision_role_id_at", "decision", ["role_id", "at"], unique=True)


def _create_incident() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolve_notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notify_error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_incident_role_id_role"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenant.id"],
            name=op.f("fk_incident_tenant_id_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    _index_incident()


def _index_incident() -> None:
    op.create_index(
        "ix_incident_role_id_first_seen_at", "incident", ["role_id", "first_seen_at"], unique=False
    )
    op.create_index(
        "ix_incident_tenant_id_first_seen_at",
        "incident",
        ["tenant_id", "first_seen_at"],
        unique=False,
    )
    op.create_index(
        "uq_incident_role_id_cause",
        "incident",
        ["role_id", "cause"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null"),
    )


def _create_sample() -> None:
    op.create_table(
        "sample",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages_ready", sa.BigInteger(), nullable=True),
        sa.Column("messages_unacknowledged", sa.BigInteger(), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("served", sa.BigInteger(), nullable=True),
        sa.Column("redelivered", sa.BigInteger(), nullable=True),
        sa.Column("consumers", sa.Integer(), nullable=True),
        sa.Column("dynos", sa.Integer(), nullable=True),
        sa.Column("queues", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_sample_role_id_role"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "at", name=op.f("pk_sample")),
    )


def _create_tick_schedule() -> None:
    op.create_table(
        "tick_schedule",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("queued_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("interval_s > 0", name=op.f("ck_tick_schedule_interval")),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role.id"], name=op.f("fk_tick_schedule_role_id_role"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_tick_schedule")),
    )
    op.create_index(
        "ix_tick_schedule_due_at",
        "tick_schedule",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("enabled"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_tick_schedule_due_at", table_name="tick_schedule", postgresql_where=sa.text("enabled")
    )
    op.drop_table("tick_schedule")
    op.drop_table("sample")
    op.drop_index(
        "uq_incident_role_id_cause",
        table_name="incident",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.drop_index("ix_incident_tenant_id_first_seen_at", table_name="incident")
    op.drop_index("ix_incident_role_id_first_seen_at", table_name="incident")
    op.drop_table("incident")
    op.drop_index("uq_decision_role_id_at", table_name="decision")
    op.drop_index("ix_decision_tenant_id_at_id", table_name="decision")
    op.drop_table("decision")
    op.drop_index(
        "uq_role_app_id_name", table_name="role", postgresql_where=sa.text("removed_at is null")
    )
    op.drop_index(op.f("ix_role_tenant_id"), table_name="role")
    op.drop_table("role")
    op.drop_index(op.f("ix_broker_tenant_id"), table_name="broker")
    op.drop_table("broker")
    op.drop_index(op.f("ix_settings_level_tenant_id"), table_name="settings_level")
    op.drop_table("settings_level")
    op.drop_index(op.f("ix_settings_change_tenant_id"), table_name="settings_change")
    op.drop_index("ix_settings_change_subject_id", table_name="settings_change")
    op.drop_table("settings_change")
    op.drop_index("uq_app_tenant_id_heroku_id", table_name="app")
    op.drop_table("app")
    op.drop_index(op.f("ix_api_key_tenant_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("tenant")
