"""Incidents: when a trouble becomes one, and when it is over.

Pending at first sight; open once it has lasted `alert_after`; open through dips and while
nothing can be seen; resolved after some good minutes. One row for its whole life. A cause that
is the whole app's has one incident, with the role that met it first; all its roles move it on.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.incidents.causes import Cause, Trouble
from guv.incidents.models import Incident
from worker.tick.context import TickContext
from worker.tick.result import TickResult

_TITLES = {
    Cause.DEADLINE_MISSED: "the deadline cannot be met at the maximum",
    Cause.NO_DATA: "messages or dynos cannot be counted",
    Cause.AUTHORIZATION_LOST: "guv is not authorized to scale",
    Cause.BROKER_REFUSES: "the broker refuses guv's login",
    Cause.PLATFORM_REFUSES: "Heroku refuses to scale",
    Cause.NO_GAIN: "more dynos would not help",
    Cause.FOREIGN_CHANGES: "another tool sets the number of dynos",
}
_OF_APP = {Cause.AUTHORIZATION_LOST}


def update_incidents(session: Session, results: Sequence[TickResult], resolve_after: float) -> None:
    """Move the roles' incidents on as the ticks saw them, and mark those that need an alert.

    Args:
        session: Its transaction is the caller's.
        results: Ticks of different roles; their troubles and what they know to be clear move the
            incidents on.
        resolve_after: Good seconds after which an open incident is resolved.
    """
    own = _unresolved(session, results)
    for result in results:
        of_app = _OF_APP & {trouble.cause for trouble in result.troubles}
        apps = _unresolved_of_app(session, result.context, of_app) if of_app else []
        mine = own.get(result.context.role.id, [])
        known = {incident.cause: incident for incident in [*apps, *mine]}
        _move_on(session, result, known, timedelta(seconds=resolve_after))


def _move_on(
    session: Session, result: TickResult, known: dict[str, Incident], resolve_after: timedelta
) -> None:
    for trouble in result.troubles:
        incident = known.pop(trouble.cause, None) or _added(session, result, trouble)
        _see_again(incident, trouble, result)
    for incident in known.values():
        _miss(session, incident, result, resolve_after)


def _unresolved(
    session: Session, results: Sequence[TickResult]
) -> Mapping[UUID, Sequence[Incident]]:
    """Return the roles' incidents that are not over, by the role's id."""
    incidents: dict[UUID, list[Incident]] = {}
    query = (
        select(Incident)
        .where(col(Incident.tenant_id).in_({result.context.tenant.id for result in results}))
        .where(col(Incident.role_id).in_([result.context.role.id for result in results]))
        .where(col(Incident.resolved_at).is_(None))
    )
    for incident in session.exec(query):
        incidents.setdefault(incident.role_id, []).append(incident)
    return incidents


def _unresolved_of_app(
    session: Session, context: TickContext, causes: Collection[Cause]
) -> Sequence[Incident]:
    """Return the incidents with those causes that any role of the app has.

    Its other roles wait until this transaction ends, and then find the incident that it adds.
    """
    session.get_one(App, context.app.id, with_for_update={"key_share": True})
    return session.exec(
        select(Incident)
        .where(Incident.tenant_id == context.tenant.id, Incident.app_id == context.app.id)
        .where(col(Incident.cause).in_(causes), col(Incident.resolved_at).is_(None))
    ).all()


def _added(session: Session, result: TickResult, trouble: Trouble) -> Incident:
    """Add a pending incident, or return the one that another tick of the role has just added."""
    context = result.context
    values = {
        "id": uuid4(),
        "tenant_id": context.tenant.id,
        "app_id": context.app.id,
        "role_id": context.role.id,
        "cause": trouble.cause,
        "title": f"{context.app.name} / {context.role.name}: {_TITLES[trouble.cause]}",
        "text": trouble.text,
        "first_seen_at": trouble.since or result.now,
        "last_seen_at": result.now,
    }
    session.execute(insert(Incident).values(**values).on_conflict_do_nothing())
    return session.exec(
        select(Incident).where(
            Incident.tenant_id == context.tenant.id,
            Incident.role_id == context.role.id,
            Incident.cause == trouble.cause,
            col(Incident.resolved_at).is_(None),
        )
    ).one()


def _see_again(incident: Incident, trouble: Trouble, result: TickResult) -> None:
    incident.last_seen_at = result.now
    incident.text = trouble.text
    alert_after = timedelta(seconds=result.context.effective.alert_after)
    if incident.opened_at is None and result.now - incident.first_seen_at >= alert_after:
        incident.opened_at = incident.notify_at = result.now


def _miss(
    session: Session, incident: Incident, result: TickResult, resolve_after: timedelta
) -> None:
    if incident.cause not in result.cleared:
        # Neither bad nor good was seen: these are no good minutes.
        incident.last_seen_at = result.now
    elif incident.opened_at is None:
        session.delete(incident)
    elif result.now - incident.last_seen_at >= resolve_after:
        incident.resolved_at = incident.notify_at = result.now
