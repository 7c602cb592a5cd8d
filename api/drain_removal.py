"""How does a log drain end? Those that guv added are removed, and Logplex calls nobody in vain."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlmodel import Session

from api.container import Parts
from guv.apps import queries as apps
from guv.apps.models import App
from guv.errors import OutsideError
from guv.heroku.credentials import usable_partner_token
from guv.tenants.models import Tenant
from guv.web_metrics.drains import find_drain
from guv.web_metrics.models import Drain


def leaving_drains(
    parts: Parts, session: Session, tenant: Tenant, now: datetime
) -> list[Callable[[], None]]:
    """What removes the tenant's drains at Heroku, one attempt each.

    To be made before the tenant's secrets are forgotten, and called afterwards.
    """
    ends = [
        leaving_drain(parts, app, find_drain(session, tenant, app), now)
        for app in apps.list_apps(session, tenant)
    ]
    return [end for end in ends if end is not None]


def leaving_drain(
    parts: Parts, app: App, drain: Drain | None, now: datetime
) -> Callable[[], None] | None:
    """What removes the app's drain at Heroku; None: guv added none, or has no token for it."""
    token = usable_partner_token(app, parts.sealer, now)
    if drain is None or drain.heroku_id is None or token is None:
        return None
    return partial(_remove, parts, app.heroku_id, drain.heroku_id, token)


def _remove(parts: Parts, app_id: UUID, drain_id: UUID, token: str) -> None:
    with suppress(OutsideError):
        parts.heroku.remove_drain(app_id, drain_id, token)
