"""Did somebody else change the dynos since the last tick, and who?"""

from datetime import datetime, timedelta

from sqlalchemy import text

from guv.errors import OutsideError
from guv.heroku.call_budget import Need
from worker.process.runtime import Runtime
from worker.tick.context import Subject
from worker.tick.external_changes import ForeignChange
from worker.tick.heroku_access import Access
from worker.tick.result import FormationReading

_OURS = text("""
    select 1 from decision
    where tenant_id = :tenant and app_id = :app and role_id <> :role and at > :since
        and outcome = 'scaled' and desired = :found
    limit 1
""")
BEFORE = timedelta(minutes=10)  # a tool that deploys and then scales takes so long at most


def collect_foreign_change(
    runtime: Runtime, access: Access, subject: Subject, formation: FormationReading, now: datetime
) -> ForeignChange | None:
    """What somebody else changed since guv's last tick; None: nothing, or it cannot be told."""
    left, found = subject.role.dynos_left, formation.dynos
    if left is None or found is None or left == found or not formation.answered:
        return None
    if _is_ours(runtime, subject, found, now):
        return None
    return ForeignChange(now, left, found, _release(runtime, access, subject, now))


def _is_ours(runtime: Runtime, subject: Subject, found: int, now: datetime) -> bool:
    """Whether another role of the app, with the same process type, has just asked for it."""
    values = {
        "tenant": subject.tenant.id,
        "app": subject.app.id,
        "role": subject.role.id,
        "since": now - BEFORE,
        "found": found,
    }
    with runtime.reader.connect() as connection:
        return connection.execute(_OURS, values).first() is not None


def _release(runtime: Runtime, access: Access, subject: Subject, now: datetime) -> str | None:
    """The release that a foreign change may have come with; None: none is seen.

    A tool that sets a number at each deploy, the usual case, shows itself in this way.
    """
    app_id = subject.app.heroku_id
    try:
        last = access.call(lambda token: runtime.heroku.read_last_release(app_id, token), Need.READ)
    except OutsideError:
        return None
    if last is None or now - last.created_at > BEFORE:
        return None
    return f"release v{last.version} ({last.description}) by {last.by}"
