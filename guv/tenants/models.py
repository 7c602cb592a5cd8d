"""Tables of tenants: the add-on resource, its API keys and what is pending at Heroku."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import json_value as _json
from guv.columns import sealed as _sealed


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
    grant_sealed: bytes | None = _sealed(default=None)  # OAuth grant code, until it is exchanged
    grant_expires_at: datetime | None = _instant(default=None)
    options_sealed: bytes | None = _sealed(
        default=None
    )  # options of addons:create, until the app is known
    created_at: datetime = _instant()
    deprovisioned_at: datetime | None = _instant(default=None)
    # Reason of the operator's suspension, which stops ticks and changes; "": not suspended.
    suspended: str = Field(default="", sa_column_kwargs={"server_default": ""})


class PendingProvisioning(SQLModel, table=True):
    """A provisioning with steps left at Heroku; the row is deleted when all are done."""

    __tablename__ = "unfinished"

    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", primary_key=True)
    next_at: datetime = _instant(index=True)  # time of the next attempt
    give_up_at: datetime = _instant()  # Heroku removes an unprovisioned resource by then
    attempts: int = 0
    is_asynchronous: bool = False  # whether Heroku was told that the config comes later
    note: str = ""  # result of the last attempt


class Subscription(SQLModel, table=True):
    """Subscription to Heroku's events about a tenant's add-on and its app."""

    __tablename__ = "subscription"

    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", primary_key=True)
    secret_sealed: bytes = _sealed()  # key of the events' signatures
    heroku_id: UUID | None = None  # Heroku's id of it; None: not requested yet
    events: list[str] = _json(default_factory=list)  # kinds of events
    created_at: datetime = _instant()


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
