"""What do we keep? The tables, dumb on purpose: values are validated before they come here.

Secrets are in `*_sealed` columns only (`guv.crypto.Sealer`), API keys only as a hash. Every row
that belongs to a tenant says so in `tenant_id`; `guv.tenancy` is the way to query them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Identity,
    Index,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import json_value as _json
from guv.columns import sealed as _sealed
from guv.history.models import DecisionRow, Rollup, SampleRow, UsageHour
from guv.web_metrics.models import Drain, DynoEvent, WebBucket, WebPush

__all__ = [
    "ApiKey",
    "App",
    "Broker",
    "Chore",
    "Consent",
    "DecisionRow",
    "Drain",
    "DynoEvent",
    "Incident",
    "ReplayRow",
    "Role",
    "Rollup",
    "SampleRow",
    "SettingsChange",
    "SettingsLevel",
    "Subscription",
    "Tenant",
    "TickSchedule",
    "Unfinished",
    "UsageHour",
    "WebBucket",
    "WebPush",
]


class Tenant(SQLModel, table=True):
    """One provisioned add-on resource; its id is Heroku's uuid of the resource."""

    __tablename__ = "tenant"
    __table_args__ = (
        CheckConstraint("state in ('provisioning', 'provisioned', 'deprovisioned')", name="state"),
    )

    id: UUID = Field(primary_key=True)
    name: str
    plan: str
    region: str = ""
    state: str = "provisioning"
    grant_sealed: bytes | None = _sealed(default=None)  # OAuth grant code until it is exchanged
    grant_expires_at: datetime | None = _instant(default=None)
    options_sealed: bytes | None = _sealed(default=None)  # of addons:create, until the app is known
    created_at: datetime = _instant()
    deprovisioned_at: datetime | None = _instant(default=None)
    # Why the operator lets it neither tick nor change anything; "": it is not suspended.
    suspended: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Unfinished(SQLModel, table=True):
    """A provisioning that still needs something of Heroku; its row is gone when all is done."""

    __tablename__ = "unfinished"

    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", primary_key=True)
    next_at: datetime = _instant(index=True)  # when it is tried (again)
    give_up_at: datetime = _instant()  # Heroku removes what is not provisioned by then
    attempts: int = 0
    is_asynchronous: bool = False  # whether Heroku was told that the config comes later
    note: str = ""  # what the last attempt met


class App(SQLModel, table=True):
    """A tenant's Heroku app and the right to scale it."""

    __tablename__ = "app"
    __table_args__ = (
        Index("uq_app_tenant_id_heroku_id", "tenant_id", "heroku_id", unique=True),
        CheckConstraint(
            "authorization_state in ('unknown', 'authorized', 'needs_authorization')",
            name="authorization_state",
        ),
        CheckConstraint("credential in ('partner', 'user', 'pasted')", name="credential"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE")
    heroku_id: UUID
    name: str
    maintenance: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    heroku_updated_at: datetime | None = _instant(default=None)  # of the newest event applied
    # What guv scales with; the partner's own tokens step aside for a user's or a pasted one.
    credential: str = Field(default="partner", sa_column_kwargs={"server_default": "partner"})
    credential_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    credential_at: datetime | None = _instant(default=None)  # since when; None: since the start
    access_token_sealed: bytes | None = _sealed(default=None)
    refresh_token_sealed: bytes | None = _sealed(default=None)
    token_expires_at: datetime | None = _instant(default=None)
    partner_access_sealed: bytes | None = _sealed(default=None)
    partner_refresh_sealed: bytes | None = _sealed(default=None)
    partner_expires_at: datetime | None = _instant(default=None)
    token_retry_at: datetime | None = _instant(default=None)  # no refresh is tried before
    authorization_state: str = "unknown"
    authorization_note: str = ""
    authorization_retry_at: datetime | None = _instant(default=None)  # when lost: next attempt
    created_at: datetime = _instant()


class Subscription(SQLModel, table=True):
    """That Heroku tells us of what happens to a tenant's add-on and its app."""

    __tablename__ = "subscription"

    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", primary_key=True)
    secret_sealed: bytes = _sealed()  # what Heroku signs with
    heroku_id: UUID | None = None  # Heroku's id of it; None: Heroku was not asked for it yet
    events: list[str] = _json(default_factory=list)  # what of
    created_at: datetime = _instant()


class Consent(SQLModel, table=True):
    """A person who was sent to Heroku to let guv scale an app, and is not back yet."""

    __tablename__ = "consent"

    state_hash: str = Field(primary_key=True)  # of what comes back with the person
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE")
    verifier_sealed: bytes = _sealed()  # proves to Heroku that it is us who asked (PKCE)
    by: str
    back_to: str = ""  # the page of ours that it began on; "": on none
    expires_at: datetime = _instant()


class Broker(SQLModel, table=True):
    """The RabbitMQ that feeds an app's roles."""

    __tablename__ = "broker"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", unique=True)
    url_sealed: bytes = _sealed()  # the management URL, with user, password and virtual host
    address: str  # the same without user info, for people
    failures: int = 0  # unusable answers in a row
    retry_at: datetime | None = _instant(default=None)  # backed off until then
    note: str = ""  # what the last failure was, in words
    updated_at: datetime = _instant()


class Role(SQLModel, table=True):
    """One scaled thing: queues, a process type, and settings; the unit of a tick."""

    __tablename__ = "role"
    __table_args__ = (
        Index(
            "uq_role_app_id_name",
            "app_id",
            "name",
            unique=True,
            postgresql_where=text("removed_at is null"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE")
    name: str
    platform_limit: int | None = None  # most dynos that Heroku said it allows
    platform_limit_until: datetime | None = _instant(default=None)  # then more is tried again
    dynos_left: int | None = None  # how many ran after the last tick; None: not known for sure
    foreign_changes: list[dict[str, Any]] | None = _json(default=None)  # the last ones, in order
    unusual: str | None = Field(default=None, sa_type=Text)  # what goes on; None: nothing unusual
    unusual_kept_at: datetime | None = _instant(default=None)  # the last tick of it kept for long
    created_at: datetime = _instant()
    removed_at: datetime | None = _instant(default=None)


class TickSchedule(SQLModel, table=True):
    """When a role's next tick is due: narrow, since every tick updates it.

    The clock sets `queued_until` when it enqueues; the worker claims by moving `due_at` on.
    """

    __tablename__ = "tick_schedule"
    __table_args__ = (
        Index("ix_tick_schedule_due_at", "due_at", postgresql_where=text("enabled")),
        CheckConstraint("interval_s > 0", name="interval"),
    )

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    due_at: datetime = _instant()
    interval_s: float = Field(sa_type=Double)
    enabled: bool = True
    queued_until: datetime | None = _instant(default=None)


class SettingsLevel(SQLModel, table=True):
    """The settings set at one level: a tenant's global ones, an app's, or a role's."""

    __tablename__ = "settings_level"
    __table_args__ = (
        Index("ix_settings_level_feed_at", "feed_at", postgresql_where=text("feed_at is not null")),
        CheckConstraint("level in ('global', 'app', 'role')", name="level"),
    )

    subject_id: UUID = Field(primary_key=True)  # the tenant's, app's or role's id
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    level: str
    values: dict[str, Any] = _json(default_factory=dict)
    notify_sealed: bytes | None = _sealed(default=None)  # holds license keys, so never in `values`
    version: int = 1
    updated_at: datetime = _instant()
    updated_by: str
    feed_at: datetime | None = _instant(default=None)  # when its New Relic gets events; None: never
    feed_until: datetime | None = _instant(default=None)  # decisions up to here were sent
    feed_failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # in a row
    feed_error: str | None = None  # what the last failure was


class SettingsChange(SQLModel, table=True):
    """One change of settings: who, when, from what to what; secrets as "[set]"."""

    __tablename__ = "settings_change"
    __table_args__ = (Index("ix_settings_change_subject_id", "subject_id", "version"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    subject_id: UUID
    level: str
    version: int
    at: datetime = _instant()
    by: str
    before: dict[str, Any] = _json(default_factory=dict)
    after: dict[str, Any] = _json(default_factory=dict)


class Chore(SQLModel, table=True):
    """Work that guv does for itself again and again, and how far it came."""

    __tablename__ = "chore"

    name: str = Field(sa_type=Text, primary_key=True)
    due_at: datetime = _instant()
    done_until: datetime | None = _instant(default=None)


class Incident(SQLModel, table=True):
    """One trouble of one role: pending, then open, then resolved; one row for its whole life."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "uq_incident_role_id_cause",
            "role_id",
            "cause",
            unique=True,
            postgresql_where=text("resolved_at is null"),
        ),
        Index("ix_incident_notify_at", "notify_at", postgresql_where=text("notify_at is not null")),
        Index("ix_incident_role_id_first_seen_at", "role_id", "first_seen_at"),
        Index("ix_incident_tenant_id_first_seen_at", "tenant_id", "first_seen_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE")
    app_id: UUID
    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE")
    cause: str
    title: str
    text: str = Field(sa_type=Text)
    first_seen_at: datetime = _instant()
    last_seen_at: datetime = _instant()  # when the trouble was last there
    opened_at: datetime | None = _instant(default=None)  # None: has not lasted long enough
    resolved_at: datetime | None = _instant(default=None)
    open_notified_at: datetime | None = _instant(default=None)  # when the first target took it
    resolve_notified_at: datetime | None = _instant(default=None)
    notify_error: str | None = None  # why a target will not take it
    notify_at: datetime | None = _instant(default=None)  # when its targets are told (again)
    deliveries: dict[str, Any] = _json(  # what each target was told, by the target's name
        default_factory=dict, sa_column_kwargs={"server_default": "{}"}
    )


class ReplayRow(SQLModel, table=True):
    """A replay of a role's own history, from the moment it was asked for; its result is kept."""

    __tablename__ = "replay"
    __table_args__ = (
        Index(
            "uq_replay_role_id",
            "role_id",
            unique=True,
            postgresql_where=text("state in ('queued', 'running')"),
        ),
        Index("ix_replay_tenant_id_asked_at", "tenant_id", "asked_at", "id"),
        Index("ix_replay_role_id_asked_at", "role_id", "asked_at"),
        CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name="state"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE")
    app_id: UUID
    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE")
    asked_at: datetime = _instant()
    asked_by: str
    since: datetime = _instant()
    until: datetime = _instant()
    variants: list[dict[str, Any]] = _json(default_factory=list)  # names and settings
    state: str = "queued"
    progress: float = Field(default=0.0, sa_type=Double)  # 0 to 1
    seen_at: datetime = _instant()  # the last sign of life
    finished_at: datetime | None = _instant(default=None)
    error: str | None = Field(default=None, sa_type=Text)
    result: dict[str, Any] | None = _json(default=None)


class ApiKey(SQLModel, table=True):
    """A key to the tenant's API; only its hash is stored."""

    __tablename__ = "api_key"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    name: str
    key_hash: str = Field(unique=True)
    scope: str = "write"  # "read" or "write"
    created_at: datetime = _instant()
    last_used_at: datetime | None = _instant(default=None)
    revoked_at: datetime | None = _instant(default=None)
