"""Can these settings work together? Judged for a level itself and for every role it affects."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from guv.errors import FieldError, Invalid
from guv.settings.queries import RoleSettings
from guv.settings.resolve import Level, contradictions, effective_settings
from guv.tenants.plans import Plan


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
