"""Tables of roles and their tick schedule."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    Double,
    Index,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import json_value as _json


class Role(SQLModel, table=True):
    """What guv scales: queues, a process type and settings; the unit of a tick."""

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
    platform_limit: int | None = None  # most dynos that Heroku allows, as it said
    platform_limit_until: datetime | None = _instant(default=None)  # when more is tried again
    dynos_left: int | None = None  # dynos after the last tick; None: unknown
    foreign_changes: list[dict[str, Any]] | None = _json(default=None)  # the latest, in order
    unusual: str | None = Field(default=None, sa_type=Text)  # what is unusual now; None: nothing
    unusual_kept_at: datetime | None = _instant(
        default=None
    )  # its last tick that is kept for months
    created_at: datetime = _instant()
    removed_at: datetime | None = _instant(default=None)


class TickSchedule(SQLModel, table=True):
    """When a role's next tick is due; a narrow table, since every tick updates it.

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
