"""Is a tick kept for 13 months, or with all others for a week? Changes are, and the unusual."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from guv.roles.models import Role
from guv.scaling import Direction, Reason
from worker.tick.result import Outcome, TickResult

AGAIN = timedelta(minutes=5)  # trouble that lasts is kept so often; sums have every tick of it
_BOUNDS = {Reason.MAXIMUM, Reason.PLATFORM_LIMIT, Reason.SPEND_CAP}
_TROUBLES = {Outcome.REFUSED, Outcome.FAILED, Outcome.SKIPPED}


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a tick is kept.

    Attributes:
        kept: Whether for 13 months.
        unusual: What is unusual about it, in a word; None: nothing.
    """

    kept: bool
    unusual: str | None


def keeping(result: TickResult) -> Keeping:
    """How long the tick is kept: the first of a trouble, and one in five minutes while it lasts."""
    unusual, actuated = _unusual(result), result.actuated
    is_change = actuated.outcome is Outcome.SCALED or result.collected.foreign is not None
    return Keeping(is_change or is_news(result.subject.role, unusual, result.now), unusual)


def is_news(role: Role, unusual: str | None, now: datetime) -> bool:
    """Whether what is unusual has just begun, or was not kept for a while."""
    if unusual is None:
        return False
    last = role.unusual_kept_at
    return unusual != role.unusual or last is None or now - last >= AGAIN


def _unusual(result: TickResult) -> str | None:
    decision, outcome = result.decision, result.actuated.outcome
    is_bound = decision.reason in _BOUNDS and decision.direction is not Direction.DOWN
    if outcome in _TROUBLES:
        return f"{outcome} {decision.direction}"
    if decision.reason is Reason.NO_DATA:
        return decision.reason
    return "at_maximum" if decision.misses_at_maximum or is_bound else None
