"""Which level's notification targets are looked at? The tenant's, an app's or a role's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel

from api.dashboard.dependencies import AccessDep
from api.dashboard.forms.validation import built
from api.paths import AppName, RoleName, app_path, role_path
from api.v1.notifications import Target, read_targets
from guv.apps.queries import find_app
from guv.roles.queries import find_role
from guv.settings.levels import Access, Subject, read_chain
from guv.settings.queries import stored_levels
from guv.settings.resolve import Level
from guv.settings.schema import SettingsValues
from guv.settings.update import change_level


class _Names(BaseModel):
    """What the path names; a level that is wider than a role names less."""

    app: AppName | None = None
    role: RoleName | None = None


@dataclass(frozen=True, slots=True)
class LevelVisit:
    """Which level is looked at, with the transaction it is read in."""

    access: Access
    subject: Subject

    @property
    def path(self) -> str:
        """The address of the page."""
        app, role = self.subject.app, self.subject.role
        if app is None:
            return "/dashboard/notifications"
        owner = role_path(app.name, role.name) if role else app_path(app.name)
        return f"{owner}/notifications"

    def chain(self) -> tuple[Level, ...]:
        """The levels from wide to this one, as they are now."""
        stored = stored_levels(self.access.session, self.access.tenant, self.subject.ids)
        return read_chain(stored, self.subject)

    def all_targets(self) -> list[Target]:
        """The targets of all the tenant's levels, masked, the widest first."""
        return read_targets(self.access).targets

    def target(self) -> Mapping[str, Any]:
        """The targets that are set at the level itself, masked; empty: none are."""
        own = target_of(self.subject, self.all_targets())
        return own.notify if own else {}

    def save(self, values: SettingsValues, version: str) -> None:
        """Nothing; the level's targets are these.

        Raises:
            PreconditionFailed: Somebody else changed the settings meanwhile.
            Invalid: They cannot be.
        """
        locked = self.access.locked()
        subject = Subject(locked.tenant, self.subject.app, self.subject.role)
        change_level(locked, subject, values, merge=True, match=version)


def _visited(request: Request, access: AccessDep) -> LevelVisit:
    names = built(_Names, request.path_params)
    if names.app is None:
        return LevelVisit(access, Subject(access.tenant))
    app = find_app(access.session, access.tenant, names.app)
    role = find_role(access.session, access.tenant, app, names.role) if names.role else None
    return LevelVisit(access, Subject(access.tenant, app, role))


VisitDep = Annotated[LevelVisit, Depends(_visited)]


def target_of(subject: Subject, targets: Sequence[Target]) -> Target | None:
    """The level's own among the targets of all levels."""
    names = _names(subject)
    return next((one for one in targets if (one.app, one.role) == names), None)


def _names(subject: Subject) -> tuple[str | None, str | None]:
    app, role = subject.app, subject.role
    return (app.name if app else None, role.name if role else None)
