"""Actuation: the decisions of an app's roles carried out with one call to Heroku.

Quantities are absolute and sent only where they change. Heroku does all of a call or nothing; where
it refuses the call, each role's change is asked for by itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.call_budget import Need
from guv.heroku.formation_cache import note_changes
from guv.history.models import Outcome
from guv.incidents.causes import Cause
from guv.scaling import Direction
from worker.process.runtime import Runtime
from worker.tick.heroku_access import HerokuAccess
from worker.tick.result import Actuated, DecidedTick, Ledger, TickResult

BLOCKED = "blocked by deploy since"
_LOCK = re.compile(r"preboot|release phase|release in progress", re.IGNORECASE)
_ADVICE = {
    "delinquent": "The bill of the Heroku account is not paid.",
    "suspended": "Heroku has suspended the app or its account.",
    "verification_needed": "Heroku wants the account to be verified.",
}


def actuate(
    runtime: Runtime, access: HerokuAccess, ledger: Ledger, ticks: Sequence[DecidedTick]
) -> list[TickResult]:
    """Carry out the decisions; every answer of Heroku's is a value, not an exception.

    Args:
        runtime: The process's.
        access: To Heroku on behalf of the app.
        ledger: What is known of earlier ticks.
        ticks: Of roles of one app, which may share a process type.
    """
    settled = {tick.context.role.id: _without_change(runtime, tick) for tick in ticks}
    changes = [tick for tick in ticks if settled[tick.context.role.id] is None]
    if changes:
        obstacles = ledger.obstacles([tick.context for tick in changes])
        settled |= {role: Actuated(Outcome.SKIPPED, why) for role, why in obstacles.items()}
        changes = [tick for tick in changes if tick.context.role.id not in obstacles]
        for batch in _by_process_type(changes):
            outcomes = _Actuator(runtime, access, ledger).change(batch)
            settled |= {
                tick.context.role.id: outcome for tick, outcome in zip(batch, outcomes, strict=True)
            }
    return [_result(tick, settled[tick.context.role.id]) for tick in ticks]


def _result(tick: DecidedTick, actuated: Actuated | None) -> TickResult:
    return TickResult(
        tick.now,
        tick.context,
        tick.collected,
        tick.external_change,
        tick.decision,
        actuated or Actuated(Outcome.HELD),
    )


def _without_change(runtime: Runtime, tick: DecidedTick) -> Actuated | None:
    """Return the outcome of a decision that asks nothing of Heroku; None: it asks for a change."""
    trouble = tick.collected.formation.trouble
    if trouble is not None and trouble.cause is Cause.AUTHORIZATION_LOST:
        return Actuated(Outcome.SKIPPED, f"needs_authorization: {trouble.text}")
    if not tick.is_change:
        return Actuated(Outcome.HELD)
    if tick.context.effective.dry_run or runtime.dry_run:
        desired = tick.decision.desired
        return Actuated(Outcome.SKIPPED, f"dry_run: would have asked for {desired} dynos")
    return None


def _by_process_type(changes: Sequence[DecidedTick]) -> list[list[DecidedTick]]:
    """Return the changes in batches in which every process type occurs once."""
    batches: list[dict[str, DecidedTick]] = []
    for tick in changes:
        process_type = tick.context.process_type
        batch = next((batch for batch in batches if process_type not in batch), None)
        if batch is None:
            batches.append(batch := {})
        batch[process_type] = tick
    return [list(batch.values()) for batch in batches]


@dataclass(frozen=True, slots=True)
class _Actuator:
    """Changes of one app during one tick."""

    runtime: Runtime
    access: HerokuAccess
    ledger: Ledger

    def change(self, ticks: Sequence[DecidedTick]) -> list[Actuated]:
        """Change all process types with one call, or each by itself where Heroku refuses that."""
        if len(ticks) == 1:
            return [self._change_alone(ticks[0])]
        wanted = {tick.context.process_type: tick.decision.desired or 0 for tick in ticks}
        try:
            quantities = self._ask(ticks, wanted)
        except HerokuUnavailable as failure:
            return [_failed(failure)] * len(ticks)
        except HerokuRefused as refusal:
            if refusal.is_about_token or refusal.is_about_rights or _is_lock(refusal):
                return [self._refused(tick, refusal) for tick in ticks]
            return [self._change_alone(tick) for tick in ticks]
        return [
            Actuated(Outcome.SCALED, quantity=quantities[tick.context.process_type])
            for tick in ticks
        ]

    def _change_alone(self, tick: DecidedTick) -> Actuated:
        """Change one process type; where Heroku names a limit, up to that limit at once."""
        desired, current = tick.decision.desired or 0, tick.collected.formation.dynos or 0
        first = self._ask_alone(tick, desired)
        if first.platform_limit is None:
            return first
        allowed = _allowed(tick, first.platform_limit, desired)
        if allowed <= current:
            return replace(first, platform_limit=allowed)
        second = self._ask_alone(tick, allowed)
        if second.platform_limit is not None:
            allowed = _allowed(tick, second.platform_limit, allowed)
        return replace(second, error=second.error or first.error, platform_limit=allowed)

    def _ask_alone(self, tick: DecidedTick, quantity: int) -> Actuated:
        process_type = tick.context.process_type
        try:
            quantities = self._ask([tick], {process_type: quantity})
        except HerokuUnavailable as failure:
            return _failed(failure)
        except HerokuRefused as refusal:
            return self._refused(tick, refusal)
        return Actuated(Outcome.SCALED, quantity=quantities[process_type])

    def _ask(self, ticks: Sequence[DecidedTick], wanted: Mapping[str, int]) -> Mapping[str, int]:
        """Ask Heroku for the quantities, and return those that it runs then."""
        app, heroku = ticks[0].context.app, self.runtime.heroku
        is_up = any(tick.decision.direction is Direction.UP for tick in ticks)

        def request(token: str) -> Mapping[str, int]:
            if len(wanted) > 1:
                return heroku.scale_all(app.heroku_id, wanted, token)
            [(process_type, quantity)] = wanted.items()
            return {process_type: heroku.scale(app.heroku_id, process_type, quantity, token)}

        quantities = self.access.call(request, Need.SCALE_UP if is_up else Need.SCALE_DOWN)
        note_changes(self.runtime.formations, app.id, quantities)
        return quantities

    def _refused(self, tick: DecidedTick, refusal: HerokuRefused) -> Actuated:
        if _is_lock(refusal):
            since = self.ledger.blocked_since(tick.context) or tick.now
            minutes = (tick.now - since).total_seconds() / 60
            error = f"{BLOCKED} {since:%H:%M:%S} UTC ({minutes:.0f} min): {refusal.message}"
            return Actuated(Outcome.REFUSED, error, blocked_since=since)
        return Actuated(
            Outcome.REFUSED,
            " ".join(filter(None, [str(refusal), _ADVICE.get(refusal.id)])),
            lost=str(refusal) if refusal.is_about_rights else None,
            platform_limit=refusal.limit if refusal.id == "cannot_run_above_limit" else None,
        )


def _failed(failure: HerokuUnavailable) -> Actuated:
    return Actuated(Outcome.FAILED, f"Heroku cannot be asked: {failure}")


def _is_lock(refusal: HerokuRefused) -> bool:
    """Return whether a release is under way, after which the same change will be granted."""
    is_invalid = refusal.status == httpx.codes.UNPROCESSABLE_ENTITY
    return is_invalid and _LOCK.search(refusal.message) is not None


def _allowed(tick: DecidedTick, limit: int, desired: int) -> int:
    """Return how many dynos may be tried once after a refusal that named a limit.

    The limit is one of the process type or of the whole app; Heroku does not say which. A limit
    at or above what was asked for can only be the app's, which other process types share.
    """
    own, formation = tick.context.process_type, tick.collected.formation
    others = sum(n for name, n in formation.quantities.items() if name != own)
    allowed = limit if limit < desired else limit - others
    return max(allowed, formation.dynos or 0)
