"""What may a tenant set? The names, types and ranges of one level's settings.

A value that is None is not set at this level: the next wider level, and in the end the default,
decides. All times are in seconds. Numbers are taken as numbers only: neither "3" nor true is 3.
"""

from collections.abc import Hashable, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Literal, TypeVar
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
Item = TypeVar("Item", bound=Hashable)
known_timezones = cache(available_timezones)  # reading them takes milliseconds


def _known_zone(name: str) -> str:
    if name not in known_timezones():
        raise ValueError("is no IANA time zone; one such as Europe/Berlin or UTC would be right")
    return name


def _real_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _no_repeats(items: Sequence[Item]) -> Sequence[Item]:
    if len(set(items)) < len(items):
        raise ValueError("names the same thing twice; its messages would be counted twice")
    return items


def _ordered_bounds(minimum: int | None, maximum: int | None) -> None:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError(f"minimum_dynos {minimum} is above maximum_dynos {maximum}")


LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["08:00"])]
LocalDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real_date)]
Count = Annotated[int, Field(strict=True, ge=0, le=1000)]
Steps = Annotated[int, Field(strict=True, ge=1, le=1000)]
Number = Annotated[float, Field(strict=True)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=30 * 86400)]
Yes = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]
QueueName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
ProcessType = Annotated[str, Field(pattern=r"^[-_A-Za-z0-9]{1,128}$")]
Weekday = Annotated[int, Field(strict=True, ge=0, le=6)]


class Strict(BaseModel):
    """Unknown names are refused, so that a typing error is seen when it is saved."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ScheduleWindow(Strict):
    """A weekly or one-off window with its own bounds or exact count."""

    days: list[Weekday] = Field([], description="Weekdays on which it begins; 0 is Monday")
    date: LocalDate | None = Field(None, description="The one day on which it begins")
    start: LocalTime = Field(description="Local time it begins, HH:MM")
    end: LocalTime = Field(description="Local time it ends; at or before start: the next day")
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        description="IANA name of its time zone", examples=["Europe/Berlin"]
    )
    minimum_dynos: Count | None = Field(None, description="The minimum inside the window")
    maximum_dynos: Count | None = Field(None, description="The maximum inside the window")
    dynos: Count | None = Field(None, description="An exact count; wins over both bounds")

    @model_validator(mode="after")
    def _says_when_and_what(self) -> "ScheduleWindow":
        if bool(self.days) == (self.date is not None):
            raise ValueError("needs either days (weekly) or a date (once)")
        if self.dynos is None and self.minimum_dynos is None and self.maximum_dynos is None:
            raise ValueError("needs minimum_dynos, maximum_dynos or dynos")
        _ordered_bounds(self.minimum_dynos, self.maximum_dynos)
        return self


class OverrideBounds(Strict):
    """Other bounds until an instant."""

    until: AwareDatetime = Field(description="When it ends, with its offset from UTC")
    minimum_dynos: Count | None = Field(None, description="The minimum until then")
    maximum_dynos: Count | None = Field(None, description="The maximum until then")

    @model_validator(mode="after")
    def _says_what(self) -> "OverrideBounds":
        if self.minimum_dynos is None and self.maximum_dynos is None:
            raise ValueError("needs minimum_dynos or maximum_dynos")
        _ordered_bounds(self.minimum_dynos, self.maximum_dynos)
        return self


class PauseScaling(Strict):
    """A pause of scaling, with an optional end."""

    direction: Literal["both", "up", "down"] = Field("both", description="What is paused")
    until: AwareDatetime | None = Field(None, description="When it ends; null: when it is removed")


class NoDataCount(Strict):
    """A count to ask for when there has been no data for a time; never below the current one."""

    after: Seconds = Field(description="Seconds without data")
    dynos: Count = Field(description="Dynos to ask for then")


class NewRelicTarget(Strict):
    """The tenant's own New Relic account, to which incidents go."""

    account_id: Annotated[int, Field(strict=True, gt=0, lt=2**63)]
    license_key: SecretStr = Field(
        min_length=8, max_length=255, description="A license (ingest) key; shown as [masked]"
    )
    region: Literal["us", "eu", "jp"] = Field("us", description="Where the account's data lives")
    priority: Literal["low", "medium", "high", "critical"] = "high"


class Notify(Strict):
    """Where incidents are sent."""

    new_relic: NewRelicTarget | None = None


class SettingsValues(Strict):
    """The settings of one level."""

    queues: Annotated[list[QueueName], AfterValidator(_no_repeats)] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Role only. The queues that feed it; their work adds up. Default: its name",
    )
    process_type: ProcessType | None = Field(
        None, description="Role only. The Heroku process type it scales. Default: its name"
    )
    minimum_dynos: Count | None = Field(None, description="Never fewer dynos; 0 allowed")
    maximum_dynos: Count | None = Field(None, description="Never more dynos")
    target_deadline: Seconds | None = Field(
        None, description="Seconds from publishing a message until it should be done"
    )
    percentile: Number | None = Field(
        None, ge=50, le=99.99, description="Percent of the messages that must meet the deadline"
    )
    processing_time: Seconds | None = Field(
        None, description="Seconds that one message takes; not set: measured"
    )
    processing_time_stddev: Number | None = Field(
        None, ge=0, le=30 * 86400, description="Its standard deviation in seconds"
    )
    concurrency: Annotated[int, Field(strict=True, ge=1, le=10000)] | None = Field(
        None, description="Messages that one dyno works on at a time"
    )
    boot_time: Number | None = Field(
        None, ge=0, le=3600, description="Seconds from asking for a dyno to its first message"
    )
    policy: PolicyName | None = Field(None, description="The way of scaling")
    policy_parameters: dict[Text, Yes | Number | Text] | None = Field(
        None, max_length=50, description="That policy's own parameters by name"
    )
    interval: Annotated[int, Field(strict=True, ge=5, le=3600, multiple_of=5)] | None = Field(
        None, description="Seconds between ticks, a multiple of 5"
    )
    history: Seconds | None = Field(
        None, description="Stabilization window in seconds, for policies that use one"
    )
    step_up: Steps | None = Field(None, description="Most dynos added by one decision")
    step_down: Steps | None = Field(None, description="Most dynos removed by one decision")
    cooldown_up: Number | None = Field(
        None, ge=0, le=86400, description="Seconds after a change in which none are added"
    )
    cooldown_down: Number | None = Field(
        None, ge=0, le=86400, description="Seconds after a change in which none are removed"
    )
    change_budget: Steps | None = Field(None, description="Most changes in an hour")
    busy_protection: Literal["auto", "always", "never"] | None = Field(
        None, description="Whether going down waits for running jobs; auto: for long ones"
    )
    busy_protection_limit: Seconds | None = Field(
        None, description="Seconds for which it may wait for them"
    )
    schedules: Annotated[list[ScheduleWindow], Field(max_length=100)] | None = Field(
        None, description="Windows with other bounds; the first that contains the present counts"
    )
    override: OverrideBounds | None = Field(
        None, description="Role only. Other bounds until an instant"
    )
    pause: PauseScaling | None = Field(None, description="App and role only. A pause of scaling")
    dry_run: Yes | None = Field(None, description="Decide and record, and change nothing")
    no_data: Literal["hold"] | NoDataCount | None = Field(
        None, description="What to do without data: hold, or a count after some seconds"
    )
    monthly_dyno_hours: Annotated[float, Field(strict=True, gt=0, le=1e6)] | None = Field(
        None, description="Spend cap in dyno-hours a month"
    )
    notify: Notify | None = Field(None, description="Where incidents are sent")
    alert_after: Number | None = Field(
        None, ge=0, le=86400, description="Seconds that a miss must last before it pages"
    )


ROLE_ONLY = frozenset({"queues", "process_type", "override"})
NOT_GLOBAL = ROLE_ONLY | {"pause"}
