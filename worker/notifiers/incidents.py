"""When does a trouble become an incident, and when is it over?

Pending at first sight; open once it has lasted `alert_after`; open through dips and while
nothing can be seen; resolved after some good minutes. One row for its whole life. A cause that
is the whole app's has one incident, with the role that met it first; all its roles move it on.
"""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import and_, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from guv.models import App, Incident
from worker.result import TickResult
from worker.subject import Subject
from worker.trouble import Cause, Trouble

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


def update_incidents(session: Session, result: TickResult, resolve_after: float) -> None:
    """Nothing; the role's incidents are as the tick saw them, and who is to be told will be.

    Args:
        session: Its transaction is the caller's.
        result: The tick; its troubles and what it knows to be clear move the incidents on.
        resolve_after: Good seconds after which an open incident is resolved.
    """
    of_app = _OF_APP & {trouble.cause for trouble in result.troubles}
    if of_app:  # its other roles wait, and then find the incident that this one adds
        session.get_one(App, result.subject.app.id, with_for_update={"key_share": True})
    incidents = _unresolved(session, result.subject, of_app)
    known = {one.cause: one for one in incidents}
    for trouble in result.troubles:
        incident = known.pop(trouble.cause, None) or _added(session, result, trouble)
        _see_again(incident, trouble, result)
    for incident in known.values():
        _miss(session, incident, result, timedelta(seconds=resolve_after))


def _unresolved(session: Session, subject: Subject, of_app: set[Cause]) -> list[Incident]:
    """Incidents that are not over.

    Args:
        session: Its transaction is the caller's.
        subject: The role.
        of_app: Causes for which its app's other roles may have them, too.
    """
    is_own = col(Incident.role_id) == subject.role.id
    is_apps = and_(col(Incident.app_id) == subject.app.id, col(Incident.cause).in_(of_app))
    return list(
        session.exec(
            select(Incident)
            .where(
                Incident.tenant_id == subject.tenant.id, or_(is_own, is_apps) if of_app else is_own
            )
            .where(col(Incident.resolved_at).is_(None))
        )
    )


def _added(session: Session, result: TickResult, trouble: Trouble) -> Incident:
    """A new pending incident, or the one that another tick of the role added just now."""
    subject = result.subject
    values = {
        "id": uuid4(),
        "tenant_id": subject.tenant.id,
        "app_id": subject.app.id,
        "role_id": subject.role.id,
        "cause": trouble.cause,
        "title": f"{subject.app.name} / {subject.role.name}: {_TITLES[trouble.cause]}",
        "text": trouble.text,
        "first_seen_at": trouble.since or result.now,
        "last_seen_at": result.now,
    }
    session.execute(insert(Incident).values(**values).on_conflict_do_nothing())
    return session.exec(
        select(Incident).where(
            Incident.tenant_id == subject.tenant.id,
            Incident.role_id == subject.role.id,
            Incident.cause == trouble.cause,
            col(Incident.resolved_at).is_(None),
        )
    ).one()


def _see_again(incident: Incident, trouble: Trouble, result: TickResult) -> None:
    incident.last_seen_at = result.now
    incident.text = trouble.text
    patience = timedelta(seconds=result.subject.effective.values["alert_after"])
    if incident.opened_at is None and result.now - incident.first_seen_at >= patience:
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
