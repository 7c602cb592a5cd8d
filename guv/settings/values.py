"""What may a tenant set? The names, types and ranges of one level's settings.

A value that is None is not set at this level: the next wider level, and in the end the default,
decides. All times are in seconds.
"""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

PolicyName = Literal[
    "deadline",
    "proportional",
    "ratio",
    "band",
    "latency",
    "on_off",
    "target_tracking",
    "schedule",
    "fixed",
]
LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["08:00"])]
Count = Annotated[int, Field(ge=0, le=1000)]
Seconds = Annotated[float, Field(gt=0, le=30 * 86400, allow_inf_nan=False)]
QueueName = Annotated[str, Field(min_length=1, max_length=255)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no IANA time zone; one such as Europe/Berlin or UTC")
    return name


class Strict(BaseModel):
    """Unknown names are refused, so that a typing error is seen when it is saved."""

    model_config = ConfigDict(extra="forbid")


class ScheduleWindow(Strict):
    """A weekly or one-off window with its own bounds or exact count."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field([], description="0 is Monday")
    date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="for a one-off")
    start: LocalTime
    end: LocalTime = Field(description="at or before start: on the following day")
    timezone: Annotated[str, AfterValidator(_known_zone)]
    minimum_dynos: Count | None = None
    maximum_dynos: Count | None = None
    dynos: Count | None = Field(None, description="an exact count; wins over both bounds")

    @model_validator(mode="after")
    def _says_when_and_what(self) -> "ScheduleWindow":
        if bool(self.days) == (self.date is not None):
            raise ValueError("needs either days (weekly) or a date (once)")
        if self.dynos is None and self.minimum_dynos is None and self.maximum_dynos is None:
            raise ValueError("needs minimum_dynos, maximum_dynos or dynos")
        return self


class OverrideBounds(Strict):
    """Other bounds until an instant."""

    until: AwareDatetime
    minimum_dynos: Count | None = None
    maximum_dynos: Count | None = None


class PauseScaling(Strict):
    """A pause of scaling, with an optional end."""

    direction: Literal["both", "up", "down"] = "both"
    until: AwareDatetime | None = None


class NoDataCount(Strict):
    """A count to ask for when there has been no data for a time; never below the current one."""

    after: Seconds
    dynos: Count


class NewRelicTarget(Strict):
    """The tenant's own New Relic account, to which incidents go."""

    account_id: int = Field(gt=0)
    license_key: SecretStr = Field(min_length=8, description="a license (ingest) key")
    region: Literal["us", "eu", "jp"] = "us"
    priority: Literal["low", "medium", "high", "critical"] = "high"


class Notify(Strict):
    """Where incidents are sent."""

    new_relic: NewRelicTarget | None = None


class SettingsValues(Strict):
    """The settings of one level."""

    queues: list[QueueName] | None = Field(None, min_length=1, description="role only")
    process_type: str | None = Field(None, pattern=r"^[-\w]{1,128}$", description="role only")
    minimum_dynos: Count | None = None
    maximum_dynos: Count | None = None
    target_deadline: Seconds | None = None
    percentile: float | None = Field(None, ge=50, le=99.99)
    processing_time: Seconds | None = None
    processing_time_stddev: float | None = Field(None, ge=0, le=30 * 86400)
    concurrency: int | None = Field(None, ge=1, le=10000)
    boot_time: float | None = Field(None, ge=0, le=3600)
    policy: PolicyName | None = None
    policy_parameters: dict[str, float | bool | str] | None = None
    interval: int | None = Field(None, ge=5, le=3600, multiple_of=5)
    history: Seconds | None = None
    step_up: int | None = Field(None, ge=1, le=1000)
    step_down: int | None = Field(None, ge=1, le=1000)
    cooldown_up: float | None = Field(None, ge=0, le=86400)
    cooldown_down: float | None = Field(None, ge=0, le=86400)
    change_budget: int | None = Field(None, ge=1, le=1000, description="changes per hour")
    busy_protection: Literal["auto", "always", "never"] | None = None
    busy_protection_limit: Seconds | None = None
    schedules: list[ScheduleWindow] | None = None
    override: OverrideBounds | None = Field(None, description="role only")
    pause: PauseScaling | None = Field(None, description="app and role only")
    dry_run: bool | None = None
    no_data: Literal["hold"] | NoDataCount | None = None
    monthly_dyno_hours: float | None = Field(None, gt=0)
    notify: Notify | None = None
    alert_after: float | None = Field(None, ge=0, le=86400)


ROLE_ONLY = frozenset({"queues", "process_type", "override"})
NOT_GLOBAL = ROLE_ONLY | {"pause"}
