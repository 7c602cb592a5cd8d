"""How does a decision become real? An absolute quantity, sent to Heroku only where it changes."""

from dataclasses import replace

from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku import HerokuClient
from guv.scaling import Decision
from worker.result import Actuated, Collected, Outcome
from worker.subject import Subject
from worker.tokens import Access, is_lost
from worker.trouble import Cause

ABOVE_LIMIT = "cannot_run_above_limit"


def actuate(
    heroku: HerokuClient,
    access: Access,
    subject: Subject,
    collected: Collected,
    decision: Decision,
) -> Actuated:
    """What became of the decision; whatever Heroku answers is a value, not an exception."""
    trouble = collected.formation.trouble
    if trouble is not None and trouble.cause is Cause.AUTHORIZATION_LOST:
        return Actuated(Outcome.SKIPPED, f"needs_authorization: {trouble.text}")
    current, desired = collected.formation.dynos, decision.desired
    if current is None or desired is None or current == desired:
        return Actuated(Outcome.HELD)
    if subject.effective.values["dry_run"]:
        return Actuated(Outcome.SKIPPED, f"dry_run: would have asked for {desired} dynos")
    return _scale(heroku, access, subject, collected, desired)


def _scale(
    heroku: HerokuClient,
    access: Access,
    subject: Subject,
    collected: Collected,
    desired: int,
) -> Actuated:
    first = _ask(heroku, access, subject, desired)
    if first.platform_limit is None:
        return first
    allowed = _allowed(first.platform_limit, subject, collected, desired)
    if allowed <= (collected.formation.dynos or 0):
        return replace(first, platform_limit=allowed)
    second = _ask(heroku, access, subject, allowed)
    if second.platform_limit is not None:
        allowed = _allowed(second.platform_limit, subject, collected, allowed)
    return replace(second, error=second.error or first.error, platform_limit=allowed)


def _ask(heroku: HerokuClient, access: Access, subject: Subject, quantity: int) -> Actuated:
    app_id, process_type = subject.app.heroku_id, subject.effective.values["process_type"]
    try:
        runs = access.call(lambda token: heroku.scale(app_id, process_type, quantity, token))
    except HerokuUnavailable as failure:
        return Actuated(Outcome.FAILED, f"Heroku cannot be asked: {failure}")
    except HerokuRefused as refusal:
        return Actuated(
            Outcome.REFUSED,
            str(refusal),
            lost=str(refusal) if is_lost(refusal) else None,
            platform_limit=refusal.limit if refusal.id == ABOVE_LIMIT else None,
        )
    return Actuated(Outcome.SCALED, quantity=runs)


def _allowed(limit: int, subject: Subject, collected: Collected, desired: int) -> int:
    """How many may be tried once after a refusal that named a limit.

    The limit is one of the process type or of the whole app; Heroku does not say which. A limit
    at or above what was asked for can only be the app's, which other process types share.
    """
    own = subject.effective.values["process_type"]
    others = sum(n for name, n in collected.formation.quantities.items() if name != own)
    allowed = limit if limit < desired else limit - others
    return max(allowed, collected.formation.dynos or 0)
