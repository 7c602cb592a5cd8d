"""Rules between settings: what belongs at which level, and what cannot work together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from guv.errors import FieldError, Invalid
from guv.scaling.policies import ANY, PARAMETERS, WEB
from guv.settings.queries import RoleSettings
from guv.settings.resolve import EffectiveSettings, Level, effective_settings, tick_interval
from guv.settings.schema import NOT_GLOBAL, ROLE_ONLY
from guv.tenants.plans import Plan

Bounds = Mapping[str, Any]


def misplaced(names: Iterable[str], level: str) -> list[FieldError]:
    """Those of the names that may not be set at the level ("global", "app" or "role")."""
    refused = {"global": NOT_GLOBAL, "app": ROLE_ONLY, "role": frozenset[str]()}[level]
    return [
        FieldError(name, f"cannot be set at the {level} level; {_where(name)}")
        for name in sorted(set(names) & refused)
    ]


def _where(name: str) -> str:
    return "set it at a role" if name in ROLE_ONLY else "set it at an app or a role"


def refuse_contradictions(
    plan: Plan,
    chain: tuple[Level, ...],
    affected: Sequence[RoleSettings],
    all_: Sequence[RoleSettings],
) -> None:
    """Nothing, or an error that names each role and field and says what would be right.

    Args:
        plan: The tenant's plan.
        chain: The levels from the widest to the changed one, as they would be.
        affected: What would hold for the roles that the change affects.
        all_: What would hold for all the tenant's roles.
    """
    found: list[FieldError] = []
    if chain[-1].name != "role":
        found += contradictions(effective_settings("", chain), plan)
    for one in affected:
        found += [
            replace(fault, message=f"{one.name}: {fault.message}")
            for fault in contradictions(one.effective, plan)
        ]
        found += _shared_process_type(one, all_)
    if found:
        raise Invalid("These settings cannot work together.", found)


def _shared_process_type(one: RoleSettings, all_: Sequence[RoleSettings]) -> list[FieldError]:
    """That another role of the app scales the same process type: they would undo each other."""
    process_type = one.effective.values["process_type"]
    return [
        FieldError(
            "process_type",
            f"{one.name}: {process_type} is already scaled by {other.name};"
            " give one of them all queues, or another process_type",
        )
        for other in all_
        if other.app.id == one.app.id
        and other.role.id != one.role.id
        and other.effective.values["process_type"] == process_type
    ]


def shared_queues(role: UUID, all_: Sequence[RoleSettings]) -> list[FieldError]:
    """Queues that another role of the app watches as well: both would be scaled for each message.

    Args:
        role: The id of the role that is told.
        all_: What holds for all the tenant's roles.
    """
    watching = [one for one in all_ if one.effective.values["signal"] == "queue"]
    return [
        FieldError(
            f"queues.{number}",
            f"{queue!r} is watched by {other.name} as well, so both are scaled for the same"
            " messages; give each its own queues, or take one of the roles away",
        )
        for one in watching
        if one.role.id == role
        for number, queue in enumerate(one.effective.values["queues"])
        for other in watching
        if other.app.id == one.app.id
        and other.role.id != role
        and queue in other.effective.values["queues"]
    ]


def contradictions(effective: EffectiveSettings, plan: Plan) -> list[FieldError]:
    """What cannot work together in these settings, each with what would be right; [] if nothing."""
    values, found = effective.values, []
    minimum, maximum = values["minimum_dynos"], values["maximum_dynos"]
    if minimum > maximum:
        found.append(
            FieldError(
                "minimum_dynos",
                f"is {minimum} (from {effective.sources['minimum_dynos']}), above maximum_dynos"
                f" {maximum} (from {effective.sources['maximum_dynos']});"
                f" at most {maximum} would be right",
            )
        )
    if values["interval"] < plan.interval and effective.sources["interval"] != "default":
        found.append(
            FieldError("interval", f"must be at least {plan.interval} on plan {plan.name}")
        )
    found += crossed_bounds(values) + _wrong_parameters(values) + _wrong_signal(values)
    if values["signal"] == "web":
        return found
    return found + _unreachable_deadline(values, tick_interval(effective, plan))


def _wrong_parameters(values: Mapping[str, Any]) -> list[FieldError]:
    """Parameters that no policy knows, and those whose value the policy would not take."""
    known = {one.name: one for one in PARAMETERS[values["policy"]]}
    anywhere = {one.name for all_ in PARAMETERS.values() for one in all_}
    found = []
    for name, value in values["policy_parameters"].items():
        if name not in anywhere:
            names = ", ".join(known) or "none"
            message = f"is no parameter of policy {values['policy']}; it has: {names}"
            found.append(FieldError(f"policy_parameters.{name}", message))
        elif name in known and not known[name].takes(value):
            message = f"must be {known[name].wanted}"
            found.append(FieldError(f"policy_parameters.{name}", message))
    return found


def _wrong_signal(values: Mapping[str, Any]) -> list[FieldError]:
    """A policy that looks at messages where there are requests, or the other way round."""
    policy, signal = values["policy"], values["signal"]
    if policy in ANY or (policy in WEB) == (signal == "web"):
        return []
    fitting = WEB | ANY if signal == "web" else PARAMETERS.keys() - WEB
    message = f"{policy} does not go with signal {signal}; one of {', '.join(sorted(fitting))} does"
    return [FieldError("policy", message)]


def _unreachable_deadline(values: Mapping[str, Any], interval: int) -> list[FieldError]:
    """A deadline shorter than the told processing time, with interval and boot at minimum 0."""
    processing = values["processing_time"]
    if processing is None:
        return []
    needed = processing
    parts = f"processing_time {processing:g}"
    if values["minimum_dynos"] == 0:
        boot = values["boot_time"] if values["boot_time"] is not None else 0
        needed += interval + boot
        parts = f"interval {interval} + boot_time {boot:g} + {parts}"
    if values["target_deadline"] > needed:
        return []
    message = (
        f"of {values['target_deadline']:g} s cannot be met: {parts} already take {needed:g} s;"
        f" more than {needed:g} would be right"
    )
    return [FieldError("target_deadline", message)]


def crossed_bounds(values: Bounds) -> list[FieldError]:
    """Windows and counts that the other settings contradict, with what would be right."""
    found = []
    for index, window in enumerate(values["schedules"]):
        found += crossed(f"schedules.{index}", window, values)
    no_data, most = values["no_data"], values["maximum_dynos"]
    if isinstance(no_data, Mapping) and no_data["dynos"] > most:
        message = (
            f"is {no_data['dynos']}, above maximum_dynos {most}; at most {most} would be right"
        )
        found.append(FieldError("no_data.dynos", message))
    return found


def crossed(where: str, own: Bounds, values: Bounds) -> list[FieldError]:
    """The fault of bounds of which only one is named, where the other one contradicts it.

    Args:
        where: Path of the bounds.
        own: The bounds; None where they name none.
        values: The settings, whose bounds hold where `own` names none.
    """
    low, high = own.get("minimum_dynos"), own.get("maximum_dynos")
    if own.get("dynos") is not None or (low is None) == (high is None):
        return []
    if low is not None and low > values["maximum_dynos"]:
        return [_fault(f"{where}.minimum_dynos", f"{low}, above", "maximum_dynos", values)]
    if high is not None and high < values["minimum_dynos"]:
        return [_fault(f"{where}.maximum_dynos", f"{high}, below", "minimum_dynos", values)]
    return []


def _fault(field: str, beyond: str, other: str, values: Bounds) -> FieldError:
    message = f"is {beyond} {other} {values[other]} of the settings; give {other} here as well"
    return FieldError(field, message)
