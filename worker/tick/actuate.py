"""How does a decision become real? An absolute quantity, sent to Heroku only where it changes."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text

from guv.clock import from_unix
from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.call_budget import Need
from guv.incidents.causes import Cause
from guv.roles import tick_schedule
from guv.scaling import Direction
from worker.process.runtime import Runtime
from worker.tick.context import Subject
from worker.tick.heroku_access import Access
from worker.tick.refusals import BLOCKED, in_words, is_lock, named_limit
from worker.tick.result import Actuated, Collected, Decided, Outcome

_BLOCKED_SINCE = text("""
    select min(at) from decision where role_id = :role and at > coalesce((
        select max(at) from decision
        where role_id = :role and (outcome <> 'refused' or error not like :blocked)
    ), '-infinity')
""")


class Actuator:
    """Changes of one role's process type during one tick.

    Args:
        runtime: What the process keeps warm.
        access: To Heroku on behalf of the app.
        decided: What to make real, for which role, and what it stands on.
    """

    def __init__(self, runtime: Runtime, access: Access, decided: Decided) -> None:
        self._runtime = runtime
        self._access = access
        self._is_change = decided.is_change
        self._subject = decided.subject
        self._collected = decided.collected
        self._decision = decided.decision

    def actuate(self) -> Actuated:
        """What became of the decision; whatever Heroku answers is a value, not an exception."""
        trouble = self._collected.formation.trouble
        if trouble is not None and trouble.cause is Cause.AUTHORIZATION_LOST:
            return Actuated(Outcome.SKIPPED, f"needs_authorization: {trouble.text}")
        desired = self._decision.desired
        if desired is None or not self._is_change:
            return Actuated(Outcome.HELD)
        if self._subject.effective.dry_run or self._runtime.dry_run:
            return Actuated(Outcome.SKIPPED, f"dry_run: would have asked for {desired} dynos")
        if not self.is_enabled():
            return Actuated(Outcome.SKIPPED, "the role was removed meanwhile")
        return self._scale(desired)

    def is_enabled(self) -> bool:
        """Whether the role is still there; its removal may have been answered since the claim."""
        with self._runtime.reader.connect() as connection:
            return tick_schedule.is_enabled(connection, self._subject.role.id)

    def _scale(self, desired: int) -> Actuated:
        first = self._ask(desired)
        if first.platform_limit is None:
            return first
        current = self._collected.formation.dynos or 0
        allowed = _allowed(first.platform_limit, self._subject, self._collected, desired)
        if allowed <= current:
            return replace(first, platform_limit=allowed)
        second = self._ask(allowed)
        if second.platform_limit is not None:
            allowed = _allowed(second.platform_limit, self._subject, self._collected, allowed)
        return replace(second, error=second.error or first.error, platform_limit=allowed)

    def _ask(self, quantity: int) -> Actuated:
        changes, app = self._runtime.changes, self._subject.app
        process_type = self._subject.effective.process_type
        is_up = self._decision.direction is Direction.UP
        need = Need.SCALE_UP if is_up else Need.SCALE_DOWN
        try:
            runs = self._access.call(
                lambda token: changes.scale(app.heroku_id, process_type, quantity, token), need
            )
        except HerokuUnavailable as failure:
            return Actuated(Outcome.FAILED, f"Heroku cannot be asked: {failure}")
        except HerokuRefused as refusal:
            return self._refused(refusal)
        self._runtime.shelf.note_change(app.id, process_type, runs)
        return Actuated(Outcome.SCALED, quantity=runs)

    def _refused(self, refusal: HerokuRefused) -> Actuated:
        if is_lock(refusal):
            error = (
                f"{BLOCKED} {_since(self.blocked_since(), self._decision.at)}: {refusal.message}"
            )
            return Actuated(Outcome.REFUSED, error, is_blocked=True)
        return Actuated(
            Outcome.REFUSED,
            in_words(refusal),
            lost=str(refusal) if refusal.is_about_rights else None,
            platform_limit=named_limit(refusal),
        )

    def blocked_since(self) -> datetime | None:
        """The first tick of those that a release stood in the way of; None: this is the first."""
        values = {"role": self._subject.role.id, "blocked": f"{BLOCKED}%"}
        with self._runtime.reader.connect() as connection:
            found: datetime | None = connection.execute(_BLOCKED_SINCE, values).scalar_one()
        return found


def _since(first: datetime | None, at: float) -> str:
    """When that was, and how many minutes ago."""
    now = from_unix(at)
    since = first or now
    return f"{since:%H:%M:%S} UTC ({(now - since).total_seconds() / 60:.0f} min)"


def _allowed(limit: int, subject: Subject, collected: Collected, desired: int) -> int:
    """How many may be tried once after a refusal that named a limit.

    The limit is one of the process type or of the whole app; Heroku does not say which. A limit
    at or above what was asked for can only be the app's, which other process types share.
    """
    own = subject.effective.process_type
    others = sum(n for name, n in collected.formation.quantities.items() if name != own)
    allowed = limit if limit < desired else limit - others
    return max(allowed, collected.formation.dynos or 0)
