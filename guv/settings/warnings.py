"""What is allowed, and probably not meant? Said in every answer, refused by nobody."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from guv.errors import FieldError
from guv.scaling.policies import PARAMETERS
from guv.settings.contradictions import crossed
from guv.settings.resolve import EffectiveSettings, tick_interval
from guv.tenants.plans import Plan

PRIOR_PROCESSING = 10.0  # seconds that guv assumes until it has measured
PRIOR_BOOT = 30.0
LONGEST_MONTH = 744.0  # hours
LONGEST_WINDOW = timedelta(days=2)  # it ends on the next day, in a zone behind UTC


def cautions(effective: EffectiveSettings, plan: Plan, now: datetime) -> list[FieldError]:
    """What a person should look at in settings that work; [] if nothing.

    Args:
        effective: What holds.
        plan: The tenant's plan.
        now: The present, against which an end is in the past.
    """
    values = effective.values
    is_web = values["signal"] == "web"
    return [
        *([] if is_web else _tight_deadline(values, tick_interval(effective, plan))),
        *(_web(effective) if is_web else []),
        *_unused_parameters(values),
        *_above_maximum(values),
        *_small_cap(values),
        *_over(values, now),
    ]


def _tight_deadline(values: Mapping[str, Any], interval: int) -> list[FieldError]:
    """A deadline that what is only assumed so far would miss."""
    told = values["processing_time"], values["boot_time"]
    processing = PRIOR_PROCESSING if told[0] is None else told[0]
    boot = PRIOR_BOOT if told[1] is None else told[1]
    start = interval + boot if values["minimum_dynos"] == 0 else 0.0
    needed, deadline = processing + start, values["target_deadline"]
    if deadline > needed or (None not in told):
        return []
    message = (
        f"of {deadline:g} s may not be met: {needed:g} s are needed by processing_time"
        f" {processing:g}" + (f", interval {interval} and boot_time {boot:g}" if start else "")
    )
    advice = "; with minimum_dynos 1 no message waits for a boot" if start else ""
    return [FieldError("target_deadline", f"{message}, as long as none is measured{advice}")]


def _web(effective: EffectiveSettings) -> list[FieldError]:
    """A number of slots that nobody told, and visitors who would find no dyno."""
    found = []
    if effective.sources["concurrency"] == "default":
        message = "is 1: a web dyno usually answers more at once (processes times threads)"
        found.append(FieldError("concurrency", message))
    if effective.values["minimum_dynos"] == 0:
        message = "is 0: without a dyno visitors see an error; guv keeps 1 unless told otherwise"
        found.append(FieldError("minimum_dynos", message))
    return found


def _unused_parameters(values: Mapping[str, Any]) -> list[FieldError]:
    known = {one.name for one in PARAMETERS[values["policy"]]}
    return [
        FieldError(f"policy_parameters.{name}", f"is not used by policy {values['policy']}")
        for name in values["policy_parameters"]
        if name not in known
    ]


def _above_maximum(values: Mapping[str, Any]) -> list[FieldError]:
    """Windows that ask for more than maximum_dynos: they do get it, and it costs."""
    most = values["maximum_dynos"]
    return [
        FieldError(f"schedules.{index}", f"allows more than maximum_dynos {most} while it is open")
        for index, window in enumerate(values["schedules"])
        if max(window.get(name) or 0 for name in ("maximum_dynos", "dynos")) > most
    ]


def _small_cap(values: Mapping[str, Any]) -> list[FieldError]:
    """A cap that the minimum alone goes beyond."""
    cap, least = values["monthly_dyno_hours"], values["minimum_dynos"]
    if cap is None or cap >= least * LONGEST_MONTH:
        return []
    message = (
        f"of {cap:g} is less than minimum_dynos {least} use in a month of 31 days"
        f" ({least * LONGEST_MONTH:g}), and the cap does not go below them"
    )
    return [FieldError("monthly_dyno_hours", message)]


def _over(values: Mapping[str, Any], now: datetime) -> list[FieldError]:
    """What has no effect any more, and an override of which only a part has."""
    found = []
    for name in ("override", "pause"):
        until = (values[name] or {}).get("until")
        if until is not None and datetime.fromisoformat(until) <= now:
            found.append(FieldError(f"{name}.until", "is in the past, so it has no effect"))
        elif name == "override" and values[name]:
            found += crossed("override", values[name], values)
    for index, window in enumerate(values["schedules"]):
        day = window.get("date")
        if day is not None and date.fromisoformat(day) < now.date() - LONGEST_WINDOW:
            message = "is in the past, so the window has no effect"
            found.append(FieldError(f"schedules.{index}.date", message))
    return found
