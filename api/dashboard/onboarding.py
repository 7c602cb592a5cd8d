"""Progress of an app's setup.

It follows from what is stored, so that a setup can be interrupted and continued in any browser and
over the API.
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
        broker: Its broker; None: not set.
        roles: Its roles with their effective settings.
        latest: The newest decision of any role; None: none yet.
    """

    app: App
    broker: Broker | None
    roles: Sequence[RoleSettings]
    latest: DecisionRow | None

    @property
    def is_authorized(self) -> bool:
        """Whether guv may scale the app, as a tick or a test proved."""
        return self.app.authorization_state == "authorized"

    @property
    def dry(self) -> list[RoleSettings]:
        """Roles in dry-run mode."""
        return [listed for listed in self.roles if listed.effective.dry_run]

    @property
    def is_live(self) -> bool:
        """Whether at least one role is scaled."""
        return self.is_authorized and len(self.dry) < len(self.roles)

    @property
    def done(self) -> tuple[bool, ...]:
        """Whether each step is done: broker, role, authorization, dry run, scaling."""
        return (
            self.broker is not None,
            bool(self.roles),
            self.is_authorized,
            self.latest is not None and self.latest.desired is not None,
            self.is_live,
        )

    @property
    def is_finished(self) -> bool:
        """Whether all steps are done."""
        return all(self.done)


def read_steps(session: Session, tenant: Tenant, app: App) -> Steps:
    """Read how far the app is set up."""
    all_roles = tenant_settings(session, tenant)
    roles = [listed for listed in all_roles if listed.app.id == app.id]
    latest = None
    if roles:
        wanted = DecisionFilter(roles=[listed.role.id for listed in roles])
        decisions = list_decisions(session, tenant, wanted, 1)
        latest = decisions[0].decision if decisions else None
    return Steps(app, find_broker(session, tenant, app), roles, latest)
