"""Warnings about settings that are allowed and probably not meant; they refuse nothing."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from guv.errors import FieldError
from guv.scaling.policies import PARAMETERS
from guv.settings.contradictions import crossed_bounds
from guv.settings.queries import RoleSettings
from guv.settings.resolve import tick_interval
from guv.settings.schema import EffectiveSettings
from guv.tenants.plans import Plan

PRIOR_PROCESSING_S = 10.0  # what guv assumes until it has measured
PRIOR_BOOT_S = 30.0
LONGEST_MONTH_HOURS = 744.0
LONGEST_WINDOW = timedelta(days=2)  # it ends on the next day, in a zone behind UTC


def settings_warnings(effective: EffectiveSettings, plan: Plan, now: datetime) -> list[FieldError]:
    """Return what a person should look at in settings that work.

    Args:
        effective: What holds.
        plan: The tenant's plan.
        now: The present, against which an end is in the past.
    """
    by_signal = (
        _of_web(effective) if effective.signal == "web" else _tight_deadline(effective, plan)
    )
    return [
        *by_signal,
        *_unused_parameters(effective),
        *_above_maximum(effective),
        *_small_cap(effective),
        *_past(effective, now),
    ]


def shared_queues(role: UUID, all_roles: Sequence[RoleSettings]) -> list[FieldError]:
    """Warn of queues that another role of the app watches: each message would scale both.

    Args:
        role: The id of the role that the warnings are for.
        all_roles: What holds for all the tenant's roles.
    """
    watching = [one for one in all_roles if one.effective.signal == "queue"]
    return [
        FieldError(
            f"queues.{number}",
            f"{queue!r} is watched by {other.name} as well, so both are scaled for the same"
            " messages; give each its own queues, or remove one of the roles",
        )
        for one in watching
        if one.role.id == role
        for number, queue in enumerate(one.effective.queues)
        for other in watching
        if other.app.id == one.app.id and other.role.id != role and queue in other.effective.queues
    ]


def _tight_deadline(effective: EffectiveSettings, plan: Plan) -> list[FieldError]:
    """Warn of a deadline that what is only assumed so far would miss."""
    interval = tick_interval(effective, plan)
    set_times = effective.processing_time, effective.boot_time
    processing = PRIOR_PROCESSING_S if set_times[0] is None else set_times[0]
    boot = PRIOR_BOOT_S if set_times[1] is None else set_times[1]
    start = interval + boot if effective.minimum_dynos == 0 else 0.0
    needed, deadline = processing + start, effective.target_deadline
    if deadline > needed or None not in set_times:
        return []
    message = (
        f"of {deadline:g} s may not be met: {needed:g} s are needed by processing_time"
        f" {processing:g}" + (f", interval {interval} and boot_time {boot:g}" if start else "")
    )
    advice = "; with minimum_dynos 1 no message waits for a boot" if start else ""
    return [FieldError("target_deadline", f"{message}, as long as none is measured{advice}")]


def _of_web(effective: EffectiveSettings) -> list[FieldError]:
    """Warn of a default number of slots, and of visitors who would find no dyno."""
    warnings = []
    if effective.sources["concurrency"] == "default":
        message = "is 1: a web dyno usually answers more at once (processes times threads)"
        warnings.append(FieldError("concurrency", message))
    if effective.minimum_dynos == 0:
        message = "is 0: without a dyno visitors see an error; guv keeps 1 unless it is set to 0"
        warnings.append(FieldError("minimum_dynos", message))
    return warnings


def _unused_parameters(effective: EffectiveSettings) -> list[FieldError]:
    known = {parameter.name for parameter in PARAMETERS[effective.policy]}
    return [
        FieldError(f"policy_parameters.{name}", f"is not used by policy {effective.policy}")
        for name in effective.policy_parameters
        if name not in known
    ]


def _above_maximum(effective: EffectiveSettings) -> list[FieldError]:
    """Warn of windows that ask for more than maximum_dynos: they get it, and it costs."""
    maximum = effective.maximum_dynos
    return [
        FieldError(
            f"schedules.{index}", f"allows more than maximum_dynos {maximum} while it is open"
        )
        for index, window in enumerate(effective.schedules)
        if max(window.get(name) or 0 for name in ("maximum_dynos", "dynos")) > maximum
    ]


def _small_cap(effective: EffectiveSettings) -> list[FieldError]:
    """Warn of a cap that the minimum alone exceeds."""
    cap, minimum = effective.monthly_dyno_hours, effective.minimum_dynos
    if cap is None or cap >= minimum * LONGEST_MONTH_HOURS:
        return []
    message = (
        f"of {cap:g} is less than minimum_dynos {minimum} use in a month of 31 days"
        f" ({minimum * LONGEST_MONTH_HOURS:g}), and the cap does not go below them"
    )
    return [FieldError("monthly_dyno_hours", message)]


def _past(effective: EffectiveSettings, now: datetime) -> list[FieldError]:
    """Warn of what has no effect any more, and of an override that only partly has."""
    warnings = []
    for name, value in (("override", effective.override), ("pause", effective.pause)):
        until = (value or {}).get("until")
        if until is not None and datetime.fromisoformat(until) <= now:
            warnings.append(FieldError(f"{name}.until", "is in the past, so it has no effect"))
        elif name == "override" and value:
            warnings += crossed_bounds("override", value, effective)
    for index, window in enumerate(effective.schedules):
        day = window.get("date")
        if day is not None and date.fromisoformat(day) < now.date() - LONGEST_WINDOW:
            message = "is in the past, so the window has no effect"
            warnings.append(FieldError(f"schedules.{index}.date", message))
    return warnings
