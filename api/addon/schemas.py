"""Requests and responses of the Partner API; unknown fields are ignored."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, SecretStr, field_validator

from guv.errors import Invalid
from guv.settings.field_types import STORABLE
from guv.tenants.plans import PLANS, Plan, find_plan

Slug = Annotated[str, Field(max_length=100, pattern=STORABLE)]


class OAuthGrant(BaseModel):
    """A grant that can be exchanged for tokens, once and within 5 minutes."""

    code: SecretStr = Field(max_length=500, description="Exchanged once for the app's tokens")
    expires_at: AwareDatetime | None = Field(
        None, description="When the code expires; null or malformed: in 5 minutes"
    )

    @field_validator("expires_at", mode="wrap")
    @classmethod
    def _lenient(cls, value: Any, validate: Any) -> Any:
        try:
            return validate(value)
        except ValueError:
            return None


class ProvisionRequest(BaseModel):
    """A resource that was added."""

    uuid: UUID = Field(description="Heroku's id of the resource, and guv's of the tenant")
    plan: Slug = Field(description="The plan's slug")
    name: Slug = Field("", description="The resource's name; not the app's")
    region: Slug = Field("", description="provider::region")
    oauth_grant: OAuthGrant | None = Field(None, description="Exchanged for the app's tokens")
    options: dict[str, Any] | None = Field(
        None,
        description="What followed `--` in addons:create: broker-url, config, role, any setting",
    )


class ProvisionAnswer(BaseModel):
    """What the app of a new resource gets."""

    id: UUID = Field(description="guv's id of the resource: the same uuid")
    message: str = Field(description="Shown to the person who added it")
    config: dict[str, str] | None = Field(
        None,
        description="Config vars of the app; a repeated delivery gets the same. Left out with 202:"
        " they come later",
    )


class PlanRequest(BaseModel):
    """The new plan of a resource."""

    plan: Slug = Field(description="The plan's slug")


class PlanAnswer(BaseModel):
    """The result of a plan change."""

    message: str = Field(description="Shown to the person who changed it")


def known_plan(name: str) -> Plan:
    """Return the plan with a slug.

    Raises:
        Invalid: There is none; the message, shown to the customer, lists the plans.
    """
    plan = find_plan(name)
    if plan is None:
        raise Invalid(f"{name!r} is not a known plan. Plans: {', '.join(PLANS)}.")
    return plan
