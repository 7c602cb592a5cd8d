"""Do incidents get where they shall go? A test page of a level's targets, on demand."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from api.container import Parts
from api.dependencies import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.brokers import Trial
from guv.apps.queries import find_app
from guv.clock import unix_seconds
from guv.errors import FieldError, Invalid, NotifierFailed
from guv.incidents.queries import notify_again
from guv.notifications.incident_messages import OPENED, RESOLVED, IncidentMessage
from guv.notifications.senders import build_notifiers
from guv.roles import queries as roles
from guv.settings import queries as settings
from guv.settings.levels import Access, Subject

router = APIRouter(tags=["actions"])


@router.post("/test-page")
def send_global_test_page(parts: PartsDep, access: AccessDep) -> Trial:
    """Send an incident that opens and resolves at once to each target of the global level.

    Where all of them take it, they are told again of what they refused before.
    """
    return try_targets(parts, access, Subject(access.tenant))


@router.post("/apps/{app}/test-page", responses=error_answers(404))
def send_app_test_page(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Send an incident that opens and resolves at once to each target that holds for the app.

    Where all of them take it, they are told again of what they refused before.
    """
    found = find_app(access.session, access.tenant, app)
    return try_targets(parts, access, Subject(access.tenant, found))


@router.post("/apps/{app}/roles/{role}/test-page", responses=error_answers(404))
def send_test_page(parts: PartsDep, access: AccessDep, app: AppName, role: RoleName) -> Trial:
    """Send an incident that opens and resolves at once to each target of the role's incidents.

    Where all of them take it, they are told again of what they refused before.
    """
    found = find_app(access.session, access.tenant, app)
    named = roles.find_role(access.session, access.tenant, found, role)
    return try_targets(parts, access, Subject(access.tenant, found, named))


def try_targets(parts: Parts, access: Access, subject: Subject) -> Trial:
    """What the targets that hold at the level say to a test page.

    Raises:
        Invalid: There are none.
    """
    session, tenant, now = access.session, access.tenant, access.edit.at
    targets = settings.narrowest_target(session, tenant, subject.ids[::-1], access.sealer)
    if not targets:
        whose = f"this {subject.level}" if subject.app else "your apps"
        fault = FieldError("notify", f"is not set for {whose}; set new_relic or webhook first")
        raise Invalid(f"Incidents of {whose} go nowhere.", [fault])
    messages = [_test_message(subject, change, now) for change in (OPENED, RESOLVED)]
    session.rollback()  # no connection is held while others are asked
    faults = [fault for message in messages for fault in _try_all(parts, targets, message, now)]
    if not faults:
        notify_again(session, tenant, now)
    return Trial(ok=not faults, messages=list(dict.fromkeys(faults)))


def _test_message(subject: Subject, change: str, now: datetime) -> IncidentMessage:
    """The message as an incident's; a level that is wider than a role speaks for every one."""
    app, role = subject.app, subject.role
    app_name, role_name = app.name if app else "every app", role.name if role else "every role"
    return IncidentMessage(
        id=f"test-{subject.id}-{int(unix_seconds(now))}",
        change=change,
        at=now,
        tenant=subject.tenant.id,
        app_id=app.heroku_id if app else subject.tenant.id,
        app=app_name,
        role=role_name,
        cause="test",
        title=f"Test page of guv for {'role ' if role else ''}{role_name} of {app_name}",
        text="Somebody asked guv for this page. Nothing is wrong.",
    )


def _try_all(
    parts: Parts, targets: Mapping[str, Any], message: IncidentMessage, now: datetime
) -> list[str]:
    """Why targets did not take the message; [] if all did."""
    faults = []
    with closing(build_notifiers(parts.config.new_relic_events_url, parts.config.fence)) as clients:
        for kind in targets:
            try:
                clients.send(kind, targets[kind], message, now)
            except NotifierFailed as failure:
                faults.append(str(failure))
    return faults
