"""Tables of samples, decisions, usage and rollups, in partitions that are dropped when old.

`worker.maintenance.partitions` says how long each is kept.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant, json_value


class Outcome(StrEnum):
    """What became of a decision."""

    SCALED = "scaled"  # Heroku runs another number now.
    HELD = "held"  # There is nothing to change.
    SKIPPED = "skipped"  # A dry run, no authorization, or the role ticked anew meanwhile.
    REFUSED = "refused"  # Heroku said no.
    FAILED = "failed"  # Heroku gave no usable answer, or guv itself failed.


def _kept() -> Any:
    """Make the column that tells rows kept for months from rows kept for days."""
    options = {"server_default": text("true")}
    return Field(default=True, primary_key=True, sa_column_kwargs=options)


def _in_order(table: str) -> Index:
    """Make a small index of rows that arrive in the order of time, over all roles."""
    how: dict[str, Any] = {"pages_per_range": 16, "autosummarize": "on"}
    return Index(f"ix_{table}_at", "at", postgresql_using="brin", postgresql_with=how)


class SampleRow(SQLModel, table=True):
    """A sample of a role; `at` is also the time of the decision made on it."""

    __tablename__ = "sample"
    __table_args__ = (_in_order("sample"), {"postgresql_partition_by": "LIST (kept)"})

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)
    kept: bool = _kept()
    messages_ready: int | None = Field(default=None, sa_type=BigInteger)
    messages_unacknowledged: int | None = Field(default=None, sa_type=BigInteger)
    published: int | None = Field(default=None, sa_type=BigInteger)
    served: int | None = Field(default=None, sa_type=BigInteger)
    redelivered: int | None = Field(default=None, sa_type=BigInteger)
    consumers: int | None = None
    dynos: int | None = None
    queues: dict[str, Any] | None = json_value(default=None)  # counts by queue
    web: dict[str, Any] | None = json_value(default=None)  # a `WebReading`, for a web role


class DecisionRow(SQLModel, table=True):
    """One tick of one role: what was decided, why, and the outcome. Always written."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("uq_decision_role_id_at", "role_id", "at", "kept", unique=True),
        Index("ix_decision_tenant_id_at_id", "tenant_id", "at", "id"),
        Index("ix_decision_tenant_id_reason_at_id", "tenant_id", "reason", "at", "id"),
        Index(
            "ix_decision_changed",
            "tenant_id",
            "at",
            "id",
            postgresql_where=text("direction <> 'hold'"),
        ),
        Index(
            "ix_decision_eventful",
            "tenant_id",
            "at",
            "id",
            postgresql_where=text("outcome <> 'held'"),
        ),
        CheckConstraint(
            "outcome in ('scaled', 'held', 'skipped', 'refused', 'failed')", name="outcome"
        ),
        CheckConstraint("direction in ('up', 'down', 'hold')", name="direction"),
        ForeignKeyConstraint(["role_id"], ["role.id"], ondelete="CASCADE"),
        _in_order("decision"),
        {"postgresql_partition_by": "LIST (kept)"},
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    tenant_id: UUID
    app_id: UUID
    role_id: UUID
    at: datetime = instant(primary_key=True)
    kept: bool = _kept()
    settings_version: str
    current: int | None = None
    required: int | None = None
    desired: int | None = None
    direction: str
    reason: str
    outcome: str
    explanation: str = Field(sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    is_fault: bool = Field(  # whether a failure of guv's own ended the tick
        default=False, sa_column_kwargs={"server_default": text("false")}
    )
    blocked_since: datetime | None = instant(default=None)  # only a release prevents the change
    predicted_wait: float | None = Field(default=None, sa_type=Double)
    misses_at_maximum: bool = False
    dynos_to_meet: int | None = None
    next_downscale_at: datetime | None = instant(default=None)
    estimates: dict[str, Any] = json_value(default_factory=dict)
    trail: list[dict[str, Any]] = json_value(default_factory=list)
    notices: list[str] = json_value(default_factory=list)
    # Counted since the role's last tick; None: unknown.
    arrived: int | None = Field(default=None, sa_type=BigInteger)
    served: int | None = Field(default=None, sa_type=BigInteger)
    in_time: float | None = Field(default=None, sa_type=Double)  # share of those served
    seconds: float | None = Field(default=None, sa_type=Double)  # None: the gap was too long
    at_maximum: bool | None = None  # whether all dynos ran that the settings allow


class UsageHour(SQLModel, table=True):
    """Use of a role in one hour with dynos of one size; every tick adds to it.

    Seconds are those between ticks at most ten minutes apart.
    """

    __tablename__ = "usage_hour"
    __table_args__ = (
        Index("ix_usage_hour_tenant_id_hour", "tenant_id", "hour"),
        {"postgresql_partition_by": "RANGE (hour)"},
    )

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    hour: datetime = instant(primary_key=True)
    dyno_size: str = Field(default="", primary_key=True)  # "": unknown
    tenant_id: UUID
    app_id: UUID
    ticks: int = 0
    seconds: float = Field(default=0.0, sa_type=Double)
    dyno_seconds: float = Field(default=0.0, sa_type=Double)
    maximum_seconds: float = Field(default=0.0, sa_type=Double)  # at the maximum
    ups: int = 0
    downs: int = 0
    finished: int = Field(default=0, sa_type=BigInteger)  # jobs whose wait is known
    in_time: float = Field(default=0.0, sa_type=Double)  # of those, jobs within the deadline


class Rollup(SQLModel, table=True):
    """Sums of a role's ticks over one or five minutes, made once the time is over.

    Counts of ticks say how many of them knew a value; a mean is a sum over those.
    """

    __tablename__ = "rollup"
    __table_args__ = (_in_order("rollup"), {"postgresql_partition_by": "LIST (width_s)"})

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)  # start
    width_s: int = Field(sa_type=SmallInteger, primary_key=True)  # seconds: 60 or 300
    ticks: int = Field(sa_type=SmallInteger)
    changes: int = Field(sa_type=SmallInteger)  # of the number of dynos
    refused: int = Field(sa_type=SmallInteger)
    failed: int = Field(sa_type=SmallInteger)
    without_data: int = Field(sa_type=SmallInteger)
    at_maximum: int = Field(sa_type=SmallInteger)
    waiting_ticks: int = Field(sa_type=SmallInteger)
    dynos_ticks: int = Field(sa_type=SmallInteger)
    desired_ticks: int = Field(sa_type=SmallInteger)
    seconds: float = Field(sa_type=Double)  # watched
    waiting_min: int | None = Field(default=None, sa_type=BigInteger)
    waiting_max: int | None = Field(default=None, sa_type=BigInteger)
    waiting_sum: float | None = Field(default=None, sa_type=Double)
    unacknowledged_max: int | None = Field(default=None, sa_type=BigInteger)
    dynos_min: int | None = None
    dynos_max: int | None = None
    dynos_sum: int | None = None
    desired_min: int | None = None
    desired_max: int | None = None
    desired_sum: int | None = None
    predicted_wait_max: float | None = Field(default=None, sa_type=Double)  # infinity: never done
    arrived: int | None = Field(default=None, sa_type=BigInteger)
    served: int | None = Field(default=None, sa_type=BigInteger)
    timed: int | None = Field(default=None, sa_type=BigInteger)  # those served whose wait is known
    in_time: float | None = Field(
        default=None, sa_type=Double
    )  # of those, jobs within the deadline
