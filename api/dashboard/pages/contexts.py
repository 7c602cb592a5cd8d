"""Contexts of pages: which role or level a page is about, and over which time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from api.dashboard.charts.role_data import ChartData, read_chart_data
from api.dashboard.charts.time_ranges import USUAL, Span, find_span
from api.dashboard.dependencies import AccessDep, VisitorDep
from api.dashboard.forms.validation import validated
from api.paths import AppName, RoleName, app_path, role_path
from guv.apps.models import App
from guv.apps.queries import find_app
from guv.notifications.targets import LevelTarget, list_targets
from guv.roles.models import Role
from guv.roles.queries import find_role
from guv.settings.levels import Access, Subject, read_chain
from guv.settings.queries import role_levels, stored_levels
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings, SettingsValues
from guv.settings.update import JudgedChange, change_level, judge_change
from guv.tenants.plans import Plan, plan_of


@dataclass(frozen=True, slots=True)
class RoleContext:
    """The role that a page is about, and the transaction it is read in."""

    access: Access
    app: App
    role: Role

    @property
    def path(self) -> str:
        """The path of the role's page."""
        return role_path(self.app.name, self.role.name)

    @property
    def plan(self) -> Plan:
        """The plan of its tenant."""
        return plan_of(self.access.tenant.plan)

    def chain(self) -> tuple[Level, ...]:
        """Read the role's levels from wide to narrow, with one query."""
        access = self.access
        return role_levels(access.session, access.tenant, self.app, self.role)

    def effective(self) -> EffectiveSettings:
        """Read the role's effective settings, with one query."""
        return effective_settings(self.role.name, self.chain())

    def judge(self, values: SettingsValues, version: str | None = None) -> JudgedChange:
        """Return what a change of the role's settings would do, and change nothing.

        Args:
            values: The changed values; all others stay as they are.
            version: The entity tag of the settings they were made for; None: any.

        Raises:
            PreconditionFailed: The settings have another entity tag by now.
            Invalid: The effective settings would contradict each other.
        """
        subject = Subject(self.access.tenant, self.app, self.role)
        return judge_change(self.access, subject, values, merge=True, match=version)

    def save(self, values: SettingsValues, version: str) -> None:
        """Change the role's settings; arguments and errors as in `judge`."""
        locked = self.access.locked()
        subject = Subject(locked.tenant, self.app, self.role)
        change_level(locked, subject, values, merge=True, match=version)

    def chart_data(self, span: Span, step: timedelta | None = None) -> ChartData:
        """Read the data of the role's chart, in the span's steps unless others are given."""
        access = self.access
        wanted = span.chosen(self.role.id, access.edit.at, step)
        return read_chart_data(access.session, access.tenant, self.app, self.role, wanted)


def _role_context(access: AccessDep, app: AppName, role: RoleName) -> RoleContext:
    named = find_app(access.session, access.tenant, app)
    return RoleContext(access, named, find_role(access.session, access.tenant, named, role))


RoleContextDep = Annotated[RoleContext, Depends(_role_context)]


async def _span(
    visitor: VisitorDep, name: Annotated[str, Query(alias="range", max_length=10)] = USUAL
) -> Span:
    return find_span(name, plan_of(visitor.tenant.plan))


SpanDep = Annotated[Span, Depends(_span)]


class _Names(BaseModel):
    """Names in the path; wider levels have fewer."""

    app: AppName | None = None
    role: RoleName | None = None


@dataclass(frozen=True, slots=True)
class LevelContext:
    """The level that a page is about, and the transaction it is read in."""

    access: Access
    subject: Subject

    @property
    def path(self) -> str:
        """The path of the level's page."""
        app, role = self.subject.app, self.subject.role
        if app is None:
            return "/dashboard/notifications"
        owner = role_path(app.name, role.name) if role else app_path(app.name)
        return f"{owner}/notifications"

    def chain(self) -> tuple[Level, ...]:
        """Read the levels from wide to this one."""
        stored = stored_levels(self.access.session, self.access.tenant, self.subject.ids)
        return read_chain(stored, self.subject)

    def all_targets(self) -> list[LevelTarget]:
        """List the targets of all levels, masked, widest first."""
        return list_targets(self.access)

    def target(self) -> Mapping[str, Any]:
        """Return the level's own targets, masked; empty: it has none."""
        own = target_of(self.subject, self.all_targets())
        return own.notify if own else {}

    def save(self, values: SettingsValues, version: str) -> None:
        """Change the level's settings.

        Raises:
            PreconditionFailed: The settings were changed since `version`.
            Invalid: The values cannot be accepted.
        """
        locked = self.access.locked()
        subject = Subject(locked.tenant, self.subject.app, self.subject.role)
        change_level(locked, subject, values, merge=True, match=version)


def _level_context(request: Request, access: AccessDep) -> LevelContext:
    names = validated(_Names, request.path_params)
    if names.app is None:
        return LevelContext(access, Subject(access.tenant))
    app = find_app(access.session, access.tenant, names.app)
    role = find_role(access.session, access.tenant, app, names.role) if names.role else None
    return LevelContext(access, Subject(access.tenant, app, role))


LevelContextDep = Annotated[LevelContext, Depends(_level_context)]


def target_of(subject: Subject, targets: Sequence[LevelTarget]) -> LevelTarget | None:
    """Find a level's own target among those of all levels."""
    names = _names(subject)
    return next((target for target in targets if (target.app, target.role) == names), None)


def _names(subject: Subject) -> tuple[str | None, str | None]:
    app, role = subject.app, subject.role
    return (app.name if app else None, role.name if role else None)
