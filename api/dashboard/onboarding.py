"""Which of the first steps are done?

Concluded from what is set, so that each can be left and taken up again, in any browser and over the
API.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from guv.apps.models import App, Broker
from guv.apps.queries import find_broker
from guv.history.decisions import DecisionFilter, list_decisions
from guv.history.models import DecisionRow
from guv.settings.queries import RoleSettings, tenant_settings
from guv.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Steps:
    """How far an app is set up.

    Attributes:
        app: The app.
        broker: What feeds it; None: not set.
        roles: Its roles and what holds for them.
        latest: The newest decision of any of them; None: none yet.
    """

    app: App
    broker: Broker | None
    roles: Sequence[RoleSettings]
    latest: DecisionRow | None

    @property
    def is_authorized(self) -> bool:
        """Whether guv may scale the app, proven by a tick or a probe."""
        return self.app.authorization_state == "authorized"

    @property
    def dry(self) -> list[RoleSettings]:
        """The roles that guv decides for and does not scale."""
        return [one for one in self.roles if one.effective.dry_run]

    @property
    def is_live(self) -> bool:
        """Whether some role is really scaled."""
        return self.is_authorized and len(self.dry) < len(self.roles)

    @property
    def done(self) -> tuple[bool, ...]:
        """Whether each step is done: broker, queue, authorization, first look, live."""
        return (
            self.broker is not None,
            bool(self.roles),
            self.is_authorized,
            self.latest is not None and self.latest.desired is not None,
            self.is_live,
        )

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return all(self.done)


def read_steps(session: Session, tenant: Tenant, app: App) -> Steps:
    """How far the app is set up."""
    mine = [one for one in tenant_settings(session, tenant) if one.app.id == app.id]
    latest = None
    if mine:
        wanted = DecisionFilter(roles=[one.role.id for one in mine])
        found = list_decisions(session, tenant, wanted, 1)
        latest = found[0].decision if found else None
    return Steps(app, find_broker(session, tenant, app), mine, latest)
