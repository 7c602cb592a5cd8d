"""Table of replays."""

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


class ReplayRow(SQLModel, table=True):
    """A replay of a role's own history, from the request on; its result is kept."""

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
    seen_at: datetime = _instant()  # last heartbeat of its job
    finished_at: datetime | None = _instant(default=None)
    error: str | None = Field(default=None, sa_type=Text)
    result: dict[str, Any] | None = _json(default=None)
