"""Tables of log drains, sums of ten seconds, dyno events and pushed figures.

Of a request nothing personal is stored: neither path nor address.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Double, LargeBinary
from sqlmodel import Field, SQLModel

from guv.columns import instant, json_value


class Drain(SQLModel, table=True):
    """A log drain of an app; its secret and Logplex's token are stored as hashes only."""

    __tablename__ = "drain"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", unique=True)
    secret_hash: str
    token_hash: str | None = None  # of the first delivery; later ones must match
    heroku_id: UUID | None = None  # Heroku's id, if guv added it
    retry_at: datetime | None = instant(default=None)  # next attempt to add it
    note: str = ""  # why it could not be added
    read_until: str = ""  # place in the queue up to which lines are in the sums
    seen_at: datetime | None = instant(default=None)  # last delivery
    created_at: datetime = instant()  # when its URL was made; nothing is known of earlier times


class WebBucket(SQLModel, table=True):
    """Requests of one dyno in ten seconds, as the router saw them."""

    __tablename__ = "web_bucket"

    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)  # start of the ten seconds
    dyno: str = Field(primary_key=True)  # "": the whole app
    requests: int = 0
    lost: int = 0  # lost log lines of any kind
    service_seconds: float = Field(default=0.0, sa_type=Double)
    statuses: dict[str, int] = json_value(default_factory=dict)  # requests by the first digit
    errors: dict[str, int] = json_value(default_factory=dict)  # requests by the router's error
    service: bytes | None = Field(default=None, sa_type=LargeBinary)  # sketches of the times
    connect: bytes | None = Field(default=None, sa_type=LargeBinary)


class DynoEvent(SQLModel, table=True):
    """A dyno's change of state, or a scaling of a process type."""

    __tablename__ = "dyno_event"

    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)
    dyno: str = Field(primary_key=True)  # such as "web.1"; for a scaling the process type
    state: str = Field(primary_key=True)  # "starting", "up", "crashed", "down", ... or "scaled"
    quantity: int | None = None


class WebPush(SQLModel, table=True):
    """Figures of a web role that its tenant pushed."""

    __tablename__ = "web_push"

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)
    reading: dict[str, Any] = json_value(default_factory=dict)
