"""Tables of settings at each level and of their changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import json_value as _json
from guv.columns import sealed as _sealed


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
