"""Table of incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    Index,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import json_value as _json


class Incident(SQLModel, table=True):
    """An incident of a role: pending, then open, then resolved; one row for its lifetime."""

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
    last_seen_at: datetime = _instant()  # last tick with this problem
    opened_at: datetime | None = _instant(
        default=None
    )  # None: has not lasted for alert_after seconds
    resolved_at: datetime | None = _instant(default=None)
    open_notified_at: datetime | None = _instant(default=None)  # when the first target accepted it
    resolve_notified_at: datetime | None = _instant(default=None)
    notify_error: str | None = None  # why a target refuses it
    notify_at: datetime | None = _instant(default=None)  # next attempt at its targets
    deliveries: dict[str, Any] = _json(  # notifications by target
        default_factory=dict, sa_column_kwargs={"server_default": "{}"}
    )
