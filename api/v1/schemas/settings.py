"""Schemas of apps, brokers, roles and settings; secrets are masked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, StringConstraints

from api.errors import FieldFault
from api.v1.listing import Cursor, Limit, RoleRange
from guv.settings.field_types import VISIBLE


class EffectiveValue(BaseModel):
    """A setting that holds, and the level it comes from."""

    value: Any = Field(description="Times in seconds; null: not set, or measured")
    source: str = Field(
        description="default, global, app or role; plan where the plan's limit holds instead",
        examples=["app"],
    )


class SettingsAnswer(BaseModel):
    """The settings of one level, and what holds there with the wider levels below them."""

    level: str = Field(description="global, app or role", examples=["role"])
    version: int = Field(description="Counts the level's changes; 0: never set")
    settings: dict[str, Any] = Field(
        description="What is set at this level itself", examples=[{"target_deadline": 120.0}]
    )
    effective: dict[str, EffectiveValue] = Field(description="What holds, by name")
    effective_version: str = Field(
        description="The versions of the levels, wide to narrow; decisions name it",
        examples=["0.2.5"],
    )
    warnings: list[FieldFault] = Field(
        description="What works and is probably not meant, or may not be met"
    )


class RoleAnswer(SettingsAnswer):
    """A role and its settings."""

    app: str = Field(description="The app's name")
    role: str = Field(description="The role's name")


class RoleList(BaseModel):
    """An app's roles."""

    roles: list[RoleAnswer] = Field(description="The roles by name")


class BrokerRequest(BaseModel):
    """The RabbitMQ that feeds an app's roles."""

    model_config = ConfigDict(extra="forbid")

    url: SecretStr = Field(
        max_length=2000,
        description="amqps://user:password@host/vhost, or the management API's own address"
        " https://user:password@host:port/prefix?vhost=name. Tested before it is saved",
        examples=["amqps://guv:secret@rabbit.example.com/orders"],
    )


class BrokerState(BaseModel):
    """A broker as guv sees it; user and password are never shown."""

    address: str = Field(description="Its management API and virtual host")
    updated_at: datetime = Field(description="When it was set")
    failures: int = Field(description="Unusable answers in a row")
    note: str = Field(description="What the last failure was")
    retry_at: datetime | None = Field(description="Not asked before then; null: asked every tick")


class BrokerAnswer(BrokerState):
    """A broker that was tested and saved."""

    queues: list[str] = Field(description="The first 100 queues it names, by name")
    queue_count: int = Field(description="How many there are", examples=[1])
    warnings: list[str] = Field(
        description="What guv cannot watch there, or not well", examples=[[]]
    )


class AuthorizationState(BaseModel):
    """Whether guv may scale an app."""

    state: str = Field(description="unknown, authorized or needs_authorization")
    note: str = Field(description="Why, where there is something to say")


class AuthorizationAnswer(AuthorizationState):
    """With which right guv scales an app; tokens are never shown."""

    credential: str = Field(
        description="partner: the add-on's own, if Heroku grants it; user: somebody's consent;"
        " pasted: a token",
        examples=["partner"],
    )
    by: str = Field(description="Who gave it; empty for the add-on's own")
    since: datetime | None = Field(description="When it was given; null: with the add-on")
    retry_at: datetime | None = Field(description="When guv tries again; null: at every tick")
    can_connect: bool = Field(
        description="Whether `connect` is offered here; a token can always be pasted"
    )


TokenText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=500, pattern=VISIBLE),
]


class TokenRequest(BaseModel):
    """A Heroku token that may scale the app."""

    model_config = ConfigDict(extra="forbid")

    token: Secret[TokenText] = Field(
        description="Such as `heroku authorizations:create -s write` prints. Tried before it is"
        " kept, and never shown again",
        examples=["HRKU-01234567-89ab-cdef-0123-456789abcdef"],
    )


class ConsentAnswer(BaseModel):
    """Where somebody says to Heroku that guv may scale the app."""

    url: str = Field(description="To be opened in a browser, once")
    expires_at: datetime = Field(description="Until when")


class AppAnswer(BaseModel):
    """A tenant's Heroku app."""

    id: UUID = Field(description="Heroku's UUID of the app")
    name: str = Field(description="Its name at Heroku")
    maintenance: bool = Field(description="Whether Heroku says so; its workers are scaled as usual")
    authorization: AuthorizationState = Field(description="Whether guv may scale it")
    broker: BrokerState | None = Field(description="null: not set yet, so no queue is watched")
    roles: list[str] = Field(description="The names of its roles")


class AppList(BaseModel):
    """A tenant's apps."""

    apps: list[AppAnswer] = Field(description="The apps by name")
    note: str | None = Field(description="Why an app is missing; null: none is known to be")


class ChangeQuery(RoleRange):
    """Which changes of settings are asked for.

    With an app, its own level only; with a role, that role's, also where it was removed.
    """

    limit: Limit = Field(50, description="Most on a page")
    cursor: Cursor | None = Field(None, description="next_cursor of the page before")


class ChangeAnswer(BaseModel):
    """One change of one level: who, when, from what to what; secrets are not shown."""

    at: datetime = Field(description="When it was made")
    by: str = Field(description="Who made it", examples=["key GUV_URL"])
    level: str = Field(description="global, app or role", examples=["role"])
    app: str | None = Field(description="The app's name; null at the global level")
    role: str | None = Field(description="The role's name; null at a wider level")
    version: int = Field(description="The version that the level has since", examples=[5])
    before: dict[str, Any] = Field(
        description="The settings that were changed, as they were; null: not set. `role` is its"
        " name where the role was removed",
        examples=[{"maximum_dynos": 10}],
    )
    after: dict[str, Any] = Field(
        description="The same as they are since; null: not set", examples=[{"maximum_dynos": 20}]
    )


class ChangePage(BaseModel):
    """Changes of settings, newest first."""

    changes: list[ChangeAnswer] = Field(description="The changes of this page")
    next_cursor: str | None = Field(description="Where the next page begins; null: there is none")
