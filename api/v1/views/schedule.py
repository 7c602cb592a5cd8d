"""Schedule of a role: its windows, the limits now, and the next changes of the limits."""

from datetime import datetime

from pydantic import BaseModel, Field

from guv.clock import from_unix, unix_seconds
from guv.roles.scaling_input import scaling_input
from guv.scaling.shape.rules import Bounds, bounds_at, next_switches
from guv.settings.field_models import ScheduleWindow
from guv.settings.schema import EffectiveSettings
from guv.tenants.plans import Plan

MOST_SWITCHES = 20


class BoundsAnswer(BaseModel):
    """The least and most dynos that are allowed."""

    minimum_dynos: int = Field(description="Never fewer")
    maximum_dynos: int = Field(description="Never more")
    because: str = Field(
        description="minimum, schedule or override: where they come from", examples=["schedule"]
    )


class SwitchAnswer(BoundsAnswer):
    """Other bounds from an instant on."""

    at: datetime = Field(description="From when they hold")


class ScheduleAnswer(BaseModel):
    """A role's windows, what they mean now, and when that changes."""

    schedules: list[ScheduleWindow] = Field(description="The windows that hold for the role")
    source: str = Field(description="The level they come from", examples=["app"])
    now: BoundsAnswer = Field(description="The bounds that hold now")
    next: list[SwitchAnswer] = Field(
        description="The next 20 changes; weekly windows are looked at for eight days"
    )


def schedule_answer(effective: EffectiveSettings, plan: Plan, at: datetime) -> ScheduleAnswer:
    """Return the windows of these settings, the bounds at that instant, and when they change."""
    settings, now = scaling_input(effective, plan), unix_seconds(at)
    return ScheduleAnswer(
        schedules=effective.schedules,
        source=effective.sources["schedules"],
        now=BoundsAnswer(**_shown(bounds_at(settings, now))),
        next=[
            SwitchAnswer(at=from_unix(at), **_shown(bounds))
            for at, bounds in next_switches(settings, now, MOST_SWITCHES)
        ],
    )


def _shown(bounds: Bounds) -> dict[str, object]:
    reasons = {str(bounds.minimum_reason), str(bounds.maximum_reason)} - {"minimum", "maximum"}
    return {
        "minimum_dynos": bounds.minimum,
        "maximum_dynos": bounds.maximum,
        "because": min(reasons, default="minimum"),
    }
