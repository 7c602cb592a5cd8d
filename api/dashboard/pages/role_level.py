"""Which role is looked at, and over which time? The dependencies of a role's pages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Query

from api.dashboard.charts.role_data import Picture, read_picture
from api.dashboard.charts.time_ranges import USUAL, Span, find_span
from api.dashboard.dependencies import AccessDep, VisitorDep
from api.paths import AppName, RoleName, role_path
from guv.apps.models import App
from guv.apps.queries import find_app
from guv.roles.models import Role
from guv.roles.queries import find_role
from guv.settings.levels import Access, Subject
from guv.settings.queries import role_levels
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings, SettingsValues
from guv.settings.update import JudgedChange, change_level, judge_change
from guv.tenants.plans import Plan, plan_of


@dataclass(frozen=True, slots=True)
class RoleVisit:
    """Which role is looked at, with the transaction it is read in."""

    access: Access
    app: App
    role: Role

    @property
    def path(self) -> str:
        """The address of its page."""
        return role_path(self.app.name, self.role.name)

    @property
    def plan(self) -> Plan:
        """What its tenant pays for."""
        return plan_of(self.access.tenant.plan)

    def chain(self) -> tuple[Level, ...]:
        """Its levels as they are now, from wide to narrow; read with one query."""
        access = self.access
        return role_levels(access.session, access.tenant, self.app, self.role)

    def effective(self) -> EffectiveSettings:
        """What holds for it; read with one query."""
        return effective_settings(self.role.name, self.chain())

    def judge(self, values: SettingsValues, version: str | None = None) -> JudgedChange:
        """What would hold if these values were set at the role; nothing is.

        Args:
            values: The values that were sent; those that were not stay as they are.
            version: The entity tag that they were made for; None: whatever is there now.

        Raises:
            PreconditionFailed: It is another one now.
            Invalid: What would hold cannot work together.
        """
        subject = Subject(self.access.tenant, self.app, self.role)
        return judge_change(self.access, subject, values, merge=True, match=version)

    def save(self, values: SettingsValues, version: str) -> None:
        """Nothing; the values are set at the role; arguments and errors as in `judge`."""
        locked = self.access.locked()
        subject = Subject(locked.tenant, self.app, self.role)
        change_level(locked, subject, values, merge=True, match=version)

    def picture(self, span: Span, step: timedelta | None = None) -> Picture:
        """What is to be seen of it over that time, in the span's steps if no others are given."""
        access = self.access
        wanted = span.chosen(self.role.id, access.edit.at, step)
        return read_picture(access.session, access.tenant, self.app, self.role, wanted)


def _visited(access: AccessDep, app: AppName, role: RoleName) -> RoleVisit:
    found = find_app(access.session, access.tenant, app)
    return RoleVisit(access, found, find_role(access.session, access.tenant, found, role))


RoleVisitDep = Annotated[RoleVisit, Depends(_visited)]


async def _span(
    visitor: VisitorDep, name: Annotated[str, Query(alias="range", max_length=10)] = USUAL
) -> Span:
    return find_span(name, plan_of(visitor.tenant.plan))


SpanDep = Annotated[Span, Depends(_span)]
