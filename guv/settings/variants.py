"""Settings of a replay: a role's own, with those of a variant over them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from guv.errors import FieldError
from guv.settings.contradictions import contradictions
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.plans import Plan

REFUSED: Mapping[str, str] = {
    "queues": "a replay knows only the messages that were in the role's own queues",
    "process_type": "a replay changes no dynos",
    "signal": "a replay plays again what was recorded, messages or requests",
    "notify": "a replay notifies nobody",
    "alert_after": "a replay notifies nobody",
    "dry_run": "a replay changes no dynos anyway",
    "monthly_dyno_hours": "the cap counts calendar months, and a replay may begin within one",
}
OF_THE_PRESENT = frozenset({"pause", "override", "monthly_dyno_hours"})  # say nothing of the past


def variant_settings(
    role_name: str, levels: Sequence[Level], values: Mapping[str, Any]
) -> EffectiveSettings:
    """Return what holds in a replay, without the role's present pause and override.

    Args:
        role_name: The role's name.
        levels: Its three levels, from wide to narrow.
        values: What the variant sets, as JSON values.
    """
    lasting = [
        replace(level, values={n: v for n, v in level.values.items() if n not in OF_THE_PRESENT})
        for level in levels
    ]
    return effective_settings(role_name, (*lasting, Level("variant", values)))


def variant_faults(
    effective: EffectiveSettings, values: Mapping[str, Any], plan: Plan
) -> list[FieldError]:
    """Return what a replay cannot answer, and what cannot work together."""
    refused = [
        FieldError(name, f"cannot be replayed: {REFUSED[name]}; leave it out")
        for name in values
        if name in REFUSED
    ]
    return refused + contradictions(effective, plan)
