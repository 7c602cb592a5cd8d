"""Tables of apps, their brokers and pending consents."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    Index,
    text,
)
from sqlmodel import Field, SQLModel

from guv.columns import instant as _instant
from guv.columns import sealed as _sealed


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
    heroku_updated_at: datetime | None = _instant(
        default=None
    )  # time of the newest event that was applied
    # What guv scales with; a user's or a pasted credential replaces the partner's own tokens.
    credential: str = Field(default="partner", sa_column_kwargs={"server_default": "partner"})
    credential_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    credential_at: datetime | None = _instant(
        default=None
    )  # None: since the add-on was provisioned
    access_token_sealed: bytes | None = _sealed(default=None)
    refresh_token_sealed: bytes | None = _sealed(default=None)
    token_expires_at: datetime | None = _instant(default=None)
    partner_access_sealed: bytes | None = _sealed(default=None)
    partner_refresh_sealed: bytes | None = _sealed(default=None)
    partner_expires_at: datetime | None = _instant(default=None)
    token_retry_at: datetime | None = _instant(default=None)  # earliest time of the next refresh
    authorization_state: str = "unknown"
    authorization_note: str = ""
    authorization_retry_at: datetime | None = _instant(
        default=None
    )  # next attempt after the authorization was lost
    created_at: datetime = _instant()


class Consent(SQLModel, table=True):
    """A person who was sent to Heroku to authorize guv, and has not returned."""

    __tablename__ = "consent"

    state_hash: str = Field(primary_key=True)  # hash of the state that returns with the person
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE")
    verifier_sealed: bytes = _sealed()  # PKCE verifier
    by: str
    back_to: str = ""  # path of the page to return to; "": none
    expires_at: datetime = _instant()


class Broker(SQLModel, table=True):
    """The RabbitMQ that feeds an app's roles."""

    __tablename__ = "broker"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", ondelete="CASCADE", index=True)
    app_id: UUID = Field(foreign_key="app.id", ondelete="CASCADE", unique=True)
    url_sealed: bytes = _sealed()  # the management URL, with user, password and virtual host
    address: str  # the URL without user info, for people
    failures: int = 0  # failures in a row
    retry_at: datetime | None = _instant(default=None)  # end of the backoff
    note: str = ""  # the last failure, in words
    updated_at: datetime = _instant()
