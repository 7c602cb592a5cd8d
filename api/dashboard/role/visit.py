"""Which role is looked at, and over which time? The dependencies of a role's pages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Query

from api.dashboard.deps import AccessDep
from api.dashboard.role.picture import Picture, read_picture
from api.dashboard.role.spans import USUAL, Span, find_span
from api.deps import Access
from api.paths import AppName, RoleName
from guv.models import App, Role
from guv.settings.effective import EffectiveSettings
from guv.tenancy.apps import find_app
from guv.tenancy.roles import find_role
from guv.tenancy.settings import role_settings


@dataclass(frozen=True, slots=True)
class RoleVisit:
    """Which role is looked at, with the transaction it is read in."""

    access: Access
    app: App
    role: Role

    @property
    def path(self) -> str:
        """The address of its page."""
        names = quote(self.app.name, ""), quote(self.role.name, "")
        return "/dashboard/apps/{}/roles/{}".format(*names)

    @property
    def effective(self) -> EffectiveSettings:
        """What holds for it."""
        access = self.access
        return role_settings(access.session, access.tenant, self.app, self.role)

    def picture(self, span: Span, step: timedelta | None = None) -> Picture:
        """What is to be seen of it over that time, in the span's steps if no others are given."""
        access = self.access
        wanted = span.chosen(self.role.id, access.edit.at, step)
        return read_picture(access.session, access.tenant, self.app, self.role, wanted)


def _visited(access: AccessDep, app: AppName, role: RoleName) -> RoleVisit:
    found = find_app(access.session, access.tenant, app)
    return RoleVisit(access, found, find_role(access.session, access.tenant, found, role))


RoleVisitDep = Annotated[RoleVisit, Depends(_visited)]


async def _span(name: Annotated[str, Query(alias="range", max_length=10)] = USUAL) -> Span:
    return find_span(name)


SpanDep = Annotated[Span, Depends(_span)]
