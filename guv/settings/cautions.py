"""What is allowed, and probably not meant? Said in every answer, refused by nobody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from guv.errors import FieldError
from guv.plans import Plan
from guv.scaling.policies import PARAMETERS
from guv.settings.effective import EffectiveSettings, tick_interval

PRIOR_PROCESSING = 10.0  # seconds that guv assumes until it has measured
PRIOR_BOOT = 30.0


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
        if max(window.get(n) or 0 for n in ("minimum_dynos", "maximum_dynos", "dynos")) > most
    ]


def _over(values: Mapping[str, Any], now: datetime) -> list[FieldError]:
    found = []
    for name in ("override", "pause"):
        until = (values[name] or {}).get("until")
        if until is not None and datetime.fromisoformat(until) <= now:
            found.append(FieldError(f"{name}.until", "is in the past, so it has no effect"))
    return found
