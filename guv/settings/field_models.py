"""Types of settings: numbers with their ranges, and the objects that some settings are.

All times are in seconds. Numbers are accepted as numbers only: neither "3" nor true is 3.
"""

import base64
import re
from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from guv.http import parse_url
from guv.logging import MASK
from guv.settings.field_types import (
    LOCAL_DATE,
    LOCAL_TIME,
    PROCESS_TYPE,
    STORABLE,
    Instant,
    calendar_date,
    known_zone,
)

FEWEST_KEY_BYTES, MOST_KEY_BYTES = 24, 64  # of a webhook's secret, as Standard Webhooks says
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
    "response_time",
    "requests",
    "utilization",
]
Item = TypeVar("Item", bound=Hashable)
_DAY = 1440  # minutes
_WEEK = 7 * _DAY


def _apart(windows: Sequence["ScheduleWindow"]) -> Sequence["ScheduleWindow"]:
    for index, later in enumerate(windows):
        for place, earlier in enumerate(windows[:index]):
            if earlier.overlaps(later):
                raise ValueError(
                    f"schedules.{index} ({later.start} to {later.end}) overlaps schedules.{place}"
                    f" ({earlier.start} to {earlier.end}) and would never fully count;"
                    f" begin it at {earlier.end}, or end it at {earlier.start}"
                )
    return windows


def _no_repeats(items: Sequence[Item]) -> Sequence[Item]:
    if len(set(items)) < len(items):
        raise ValueError("names the same thing twice; its messages would be counted twice")
    return items


def _ordered_bounds(minimum: int | None, maximum: int | None) -> None:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError(f"minimum_dynos {minimum} is above maximum_dynos {maximum}")


def _webhook_url(url: SecretStr) -> SecretStr:
    """Refuse what is not an HTTPS address; plain HTTP to this machine is for tests."""
    try:
        parse_url(url.get_secret_value())
        parts = urlsplit(url.get_secret_value())
        is_whole = bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        is_whole = False
    if not is_whole or any(char.isspace() for char in url.get_secret_value()):
        raise ValueError("is not an address; https://hooks.example.com/guv is one")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not name a user and password; the signature says that guv sent it")
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise ValueError("must begin with https://")
    return url


def _webhook_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text == MASK:
        return secret
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not text.startswith("whsec_") or not FEWEST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        raise ValueError(
            "must be whsec_ and 24 to 64 bytes in Base64, such as"
            ' "whsec_$(openssl rand -base64 32)" makes'
        )
    return secret


def _license_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if text != MASK and not re.fullmatch(r"[!-~]+", text):
        raise ValueError(
            "must be letters, digits and punctuation without spaces, as New Relic shows it"
        )
    return key


LocalTime = Annotated[str, Field(pattern=LOCAL_TIME, examples=["08:00"])]
LocalDate = Annotated[str, Field(pattern=LOCAL_DATE), AfterValidator(calendar_date)]
Count = Annotated[int, Field(strict=True, ge=0, le=1000)]
Steps = Annotated[int, Field(strict=True, ge=1, le=1000)]
Number = Annotated[float, Field(strict=True)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=30 * 86400)]
Yes = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(max_length=255, pattern=STORABLE)]
QueueName = Annotated[str, Field(min_length=1, max_length=255, pattern=STORABLE)]
ProcessType = Annotated[str, Field(pattern=PROCESS_TYPE)]
Weekday = Annotated[int, Field(strict=True, ge=0, le=6)]
NONE = "none"  # a level's word for: nothing, whatever the wider levels say
Nothing = Literal["none"]
QueueNames = Annotated[
    list[QueueName], Field(min_length=1, max_length=50), AfterValidator(_no_repeats)
]
Percentile = Annotated[float, Field(strict=True, ge=50, le=99.99)]
Stddev = Annotated[float, Field(strict=True, ge=0, le=30 * 86400)]
BootTime = Annotated[float, Field(strict=True, ge=0, le=3600)]
Concurrency = Annotated[int, Field(strict=True, ge=1, le=10000)]
Interval = Annotated[int, Field(strict=True, ge=5, le=3600, multiple_of=5)]
UpToADay = Annotated[float, Field(strict=True, ge=0, le=86400)]
DynoHours = Annotated[float, Field(strict=True, gt=0, le=1e6)]
Parameters = Annotated[dict[Text, Yes | Number | Text], Field(max_length=50)]


class Strict(BaseModel):
    """A model that refuses unknown names, so that a typing error is seen when it is saved."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ScheduleWindow(Strict):
    """A weekly or one-off window with its own bounds or exact count."""

    days: list[Weekday] = Field([], description="Weekdays on which it begins; 0 is Monday")
    date: LocalDate | None = Field(None, description="The one day on which it begins")
    start: LocalTime = Field(description="Local time it begins, HH:MM")
    end: LocalTime = Field(description="Local time it ends; at or before start: the next day")
    timezone: Annotated[str, AfterValidator(known_zone)] = Field(
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
        for bound in (self.minimum_dynos, self.maximum_dynos):
            if self.dynos is not None and bound not in {None, self.dynos}:
                raise ValueError(f"names dynos {self.dynos} and a bound {bound}; leave one out")
        return self

    def overlaps(self, other: "ScheduleWindow") -> bool:
        """Whether two windows of one zone, both weekly or both once, are open at the same minute.

        A one-off window may lie over a weekly one: that is how a holiday is set.
        """
        if self.timezone != other.timezone or bool(self.days) != bool(other.days):
            return False
        return any(
            begin < other_end and other_begin < end
            for begin, end in self.spans()
            for other_begin, other_end in other.spans()
        )

    def spans(self) -> list[tuple[int, int]]:
        """List the minutes in which it is open: of a week, or since the calendar's first day."""
        start, end = (int(at[:2]) * 60 + int(at[3:]) for at in (self.start, self.end))
        length = end - start if end > start else end - start + _DAY
        first = [date.fromisoformat(self.date).toordinal()] if self.date else self.days
        spans = [(day * _DAY + start, day * _DAY + start + length) for day in first]
        before = [(begin - _WEEK, end - _WEEK) for begin, end in spans if end > _WEEK]
        return spans + before if self.days else spans


class OverrideBounds(Strict):
    """Other bounds until an instant."""

    until: Instant = Field(description="When it ends, with its offset from UTC")
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
    until: Instant | None = Field(None, description="When it ends; null: when it is removed")


class NoDataCount(Strict):
    """A count to ask for when there has been no data for a time; never below the current one."""

    after: Seconds = Field(description="Seconds without data")
    dynos: Count = Field(description="Dynos to ask for then")


class NewRelicTarget(Strict):
    """The tenant's own New Relic account, to which incidents go."""

    account_id: Annotated[int, Field(strict=True, gt=0, lt=2**63)] = Field(
        description="The account's number"
    )
    license_key: Annotated[SecretStr, AfterValidator(_license_key)] = Field(
        min_length=8, max_length=255, description="A license (ingest) key; shown as [masked]"
    )
    region: Literal["us", "eu", "jp"] = Field("us", description="Where the account's data lives")
    priority: Literal["low", "medium", "high", "critical"] = Field(
        "high", description="What its pages are marked with"
    )
    events: Literal["none", "changes", "all"] = Field(
        "none",
        description="Which decisions it gets as GuvScaled events, within two minutes; changes:"
        " those with which the dynos changed or could not",
    )
    heartbeat: Yes = Field(
        default=False,
        description="Whether it gets a GuvHeartbeat event a minute of every role, so that it can"
        " tell when guv itself is silent",
    )


class WebhookTarget(Strict):
    """An address of the tenant's own, to which incidents go, signed as Standard Webhooks says."""

    url: Annotated[SecretStr, AfterValidator(_webhook_url)] = Field(
        max_length=2000,
        description="An https:// address; what follows its host is shown as [masked]",
        examples=["https://hooks.example.com/guv"],
    )
    secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] = Field(
        max_length=255,
        description="whsec_ and 24 to 64 bytes in Base64, the key of the signature; shown as"
        " [masked]",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class Notify(Strict):
    """Where incidents are sent."""

    new_relic: NewRelicTarget | None = Field(None, description="Your New Relic account")
    webhook: WebhookTarget | None = Field(None, description="Your own address, signed")


ScheduleWindows = Annotated[list[ScheduleWindow], Field(max_length=100), AfterValidator(_apart)]
