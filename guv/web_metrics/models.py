"""What do we keep of web dynos? Their log drains, sums of ten seconds, starts, and pushed figures.

Of a request nothing that names a person is kept: neither path nor address.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Double, LargeBinary
from sqlmodel import Field, SQLModel

from guv.columns import instant, json_value


class Drain(SQLModel, table=True):
    """Where an app's log lines come in; of its secret and of Logplex's token only hashes."""

    __tablename__ = "drain"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", unique=True)
    secret_hash: str
    token_hash: str | None = None  # of the first delivery, which then is the only right one
    heroku_id: UUID | None = None  # where guv made it at Heroku
    retry_at: datetime | None = instant(default=None)  # none could be made; tried again then
    note: str = ""  # why
    read_until: str = ""  # the place in the queue up to which everything is in the sums
    seen_at: datetime | None = instant(default=None)  # the last delivery
    created_at: datetime = instant()  # its URL was: nothing is known of before


class WebBucket(SQLModel, table=True):
    """What one dyno of an app did in ten seconds, as the router saw it."""

    __tablename__ = "web_bucket"

    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)  # when the ten seconds begin
    dyno: str = Field(primary_key=True)  # "": of the app as a whole
    requests: int = 0
    lost: int = 0  # lines that never came, of any kind
    service_seconds: float = Field(default=0.0, sa_type=Double)
    statuses: dict[str, int] = json_value(default_factory=dict)  # requests by the first digit
    errors: dict[str, int] = json_value(default_factory=dict)  # requests by the router's error
    service: bytes | None = Field(default=None, sa_type=LargeBinary)  # sketches
    connect: bytes | None = Field(default=None, sa_type=LargeBinary)


class DynoEvent(SQLModel, table=True):
    """A dyno came to a state, or a process type was asked to have so many dynos."""

    __tablename__ = "dyno_event"

    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)
    dyno: str = Field(primary_key=True)  # such as "web.1"; of a scaling the process type
    state: str = Field(primary_key=True)  # "starting", "up", "crashed", "down", ... or "scaled"
    quantity: int | None = None


class WebPush(SQLModel, table=True):
    """What a tenant said itself of a web role's last seconds."""

    __tablename__ = "web_push"

    role_id: UUID = Field(foreign_key="role.id", ondelete="CASCADE", primary_key=True)
    at: datetime = instant(primary_key=True)
    reading: dict[str, Any] = json_value(default_factory=dict)
