"""Rules between settings: what belongs at which level, and what cannot work together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guv.errors import FieldError, Invalid, first_reason
from guv.scaling.policies import ANY, PARAMETERS, WEB
from guv.settings.queries import RoleSettings
from guv.settings.resolve import Level, effective_settings, tick_interval
from guv.settings.schema import NOT_GLOBAL, ROLE_ONLY, EffectiveSettings
from guv.tenants.plans import Plan


def misplaced(names: Iterable[str], level: str) -> list[FieldError]:
    """Return an error for each name that cannot be set at the level: global, app or role."""
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
    all_roles: Sequence[RoleSettings],
) -> None:
    """Refuse settings that cannot work together, for the level itself or for a role.

    Args:
        plan: The tenant's plan.
        chain: The levels from the widest to the changed one, as they would be.
        affected: What would hold for the roles that the change affects.
        all_roles: What would hold for all the tenant's roles.

    Raises:
        Invalid: They cannot; each error names the role and the field.
    """
    faults: list[FieldError] = []
    if chain[-1].name != "role":
        faults += contradictions(effective_settings("", chain), plan)
    reason = first_reason(faults) if faults else ""
    for role in affected:
        own = [*contradictions(role.effective, plan), *_shared_process_type(role, all_roles)]
        if own and not reason:
            reason = f"{role.name[0].upper()}{role.name[1:]}: {first_reason(own)}"
        faults += [replace(fault, message=f"{role.name}: {fault.message}") for fault in own]
    if faults:
        raise Invalid(reason, faults)


def _shared_process_type(role: RoleSettings, all_roles: Sequence[RoleSettings]) -> list[FieldError]:
    """Refuse that two roles of an app scale one process type: they would undo each other."""
    process_type = role.effective.process_type
    return [
        FieldError(
            "process_type",
            f"{process_type} is already scaled by {other.name};"
            " give one of them all queues, or another process_type",
        )
        for other in all_roles
        if other.app.id == role.app.id
        and other.role.id != role.role.id
        and other.effective.process_type == process_type
    ]


def contradictions(effective: EffectiveSettings, plan: Plan) -> list[FieldError]:
    """Return what cannot work together in these settings, each with what would be right."""
    faults = []
    minimum, maximum = effective.minimum_dynos, effective.maximum_dynos
    if minimum > maximum:
        sources = effective.sources
        message = (
            f"is {minimum} (from {sources['minimum_dynos']}), above maximum_dynos {maximum}"
            f" (from {sources['maximum_dynos']}); it must be at most {maximum}"
        )
        faults.append(FieldError("minimum_dynos", message))
    if effective.interval < plan.interval and effective.sources["interval"] != "default":
        message = f"must be at least {plan.interval} s on plan {plan.name}"
        faults.append(FieldError("interval", message))
    for index, window in enumerate(effective.schedules):
        faults += crossed_bounds(f"schedules.{index}", window, effective)
    faults += _too_many_without_data(effective)
    faults += _wrong_parameters(effective)
    faults += _wrong_policy(effective)
    if effective.signal == "queue":
        faults += _unreachable_deadline(effective, tick_interval(effective, plan))
    return faults


def crossed_bounds(
    where: str, own: Mapping[str, Any], effective: EffectiveSettings
) -> list[FieldError]:
    """Return the error of a window or override that names one bound beyond the other one.

    Args:
        where: Path of the window or override.
        own: Its bounds; the settings' hold where it names none.
        effective: The settings.
    """
    low, high = own.get("minimum_dynos"), own.get("maximum_dynos")
    if own.get("dynos") is not None or (low is None) == (high is None):
        return []
    minimum, maximum = effective.minimum_dynos, effective.maximum_dynos
    if low is not None and low > maximum:
        message = f"is {low}, above maximum_dynos {maximum}; set maximum_dynos here as well"
        return [FieldError(f"{where}.minimum_dynos", message)]
    if high is not None and high < minimum:
        message = f"is {high}, below minimum_dynos {minimum}; set minimum_dynos here as well"
        return [FieldError(f"{where}.maximum_dynos", message)]
    return []


def _too_many_without_data(effective: EffectiveSettings) -> list[FieldError]:
    no_data, maximum = effective.no_data, effective.maximum_dynos
    if not isinstance(no_data, Mapping) or no_data["dynos"] <= maximum:
        return []
    message = f"is {no_data['dynos']}, above maximum_dynos {maximum}; it must be at most {maximum}"
    return [FieldError("no_data.dynos", message)]


def _wrong_parameters(effective: EffectiveSettings) -> list[FieldError]:
    """Refuse parameters of no policy, and values that the policy does not accept."""
    known = {parameter.name: parameter for parameter in PARAMETERS[effective.policy]}
    anywhere = {parameter.name for all_ in PARAMETERS.values() for parameter in all_}
    faults = []
    for name, value in effective.policy_parameters.items():
        if name not in anywhere:
            names = ", ".join(known) or "none"
            message = f"is not a parameter of policy {effective.policy}, which has: {names}"
            faults.append(FieldError(f"policy_parameters.{name}", message))
        elif name in known and not known[name].takes(value):
            message = f"must be {known[name].wanted}"
            faults.append(FieldError(f"policy_parameters.{name}", message))
    return faults


def _wrong_policy(effective: EffectiveSettings) -> list[FieldError]:
    """Refuse a policy that looks at messages where there are requests, or the other way round."""
    policy, signal = effective.policy, effective.signal
    if policy in ANY or (policy in WEB) == (signal == "web"):
        return []
    fitting = WEB | ANY if signal == "web" else PARAMETERS.keys() - WEB
    message = f"{policy} cannot scale on signal {signal}; choose {', '.join(sorted(fitting))}"
    return [FieldError("policy", message)]


def _unreachable_deadline(effective: EffectiveSettings, interval: int) -> list[FieldError]:
    """Refuse a deadline shorter than what is set to come before it."""
    processing = effective.processing_time
    if processing is None:
        return []
    needed, parts = processing, f"processing_time ({processing:g} s)"
    if effective.minimum_dynos == 0:
        boot = effective.boot_time or 0.0
        needed += interval + boot
        parts = f"interval ({interval} s), boot_time ({boot:g} s) and {parts}"
    if effective.target_deadline > needed:
        return []
    verb = "comes" if needed == processing else "come"
    message = (
        f"must be above {needed:g} s, not {effective.target_deadline:g} s: {parts} {verb} first"
    )
    return [FieldError("target_deadline", message)]
