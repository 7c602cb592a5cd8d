"""Replays that wait for a worker."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from guv.clock import utc_now
from guv.replays.models import ReplayRow
from tests.builders import NOON, a_history
from tests.worker.world import World


def a_replay(here: World, *variants: dict[str, Any], **values: Any) -> ReplayRow:
    """Queue a replay of the role's last half hour before noon, with an hour of history."""
    given: dict[str, Any] = {
        "tenant_id": here.tenant.id,
        "app_id": here.app.id,
        "role_id": here.role.id,
        "asked_at": NOON,
        "asked_by": "test",
        "since": NOON - timedelta(minutes=30),
        "until": NOON,
        "variants": [
            {"name": f"variant {n}", "settings": settings} for n, settings in enumerate(variants)
        ],
        "seen_at": utc_now(),
    }
    row = ReplayRow(**{**given, **values})
    with Session(here.runtime.engine) as session:
        a_history(session, here.role)
        session.add(row)
        session.commit()
        session.refresh(row)
    return row


def stored_replay(here: World, row: ReplayRow) -> ReplayRow:
    with Session(here.runtime.engine) as session:
        return session.get_one(ReplayRow, row.id)


def long_replay(here: World) -> ReplayRow:
    """Queue a replay that takes more than a second."""
    return a_replay(here, *[{"interval": 5}] * 5, since=NOON - timedelta(minutes=59))
