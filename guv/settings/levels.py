"""Levels of settings: whose they are, who changes them, and the entity tags of their versions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session

from guv.apps.models import App
from guv.apps.queries import find_app
from guv.crypto import Sealer
from guv.errors import Gone, PreconditionFailed
from guv.roles.models import Role
from guv.roles.queries import find_role
from guv.settings.models import SettingsLevel
from guv.settings.queries import Edit, RoleSettings, level_of
from guv.settings.resolve import Level
from guv.tenants.models import Tenant
from guv.tenants.queries import lock_tenant


@dataclass(frozen=True, slots=True)
class Access:
    """What a change of a tenant's settings needs.

    Attributes:
        session: The caller's transaction; use cases never commit it.
        tenant: Whose settings.
        edit: Who changes them, and when.
        sealer: Seals and opens secrets.
    """

    session: Session
    tenant: Tenant
    edit: Edit
    sealer: Sealer

    def locked(self) -> "Access":
        """Lock the tenant's row until the transaction ends, and read it anew.

        A change is judged by what the others have committed before it, so lock first.

        Raises:
            Gone: The tenant was deprovisioned meanwhile.
        """
        tenant = lock_tenant(self.session, self.tenant.id)
        if tenant is None or tenant.state == "deprovisioned":
            raise Gone("The add-on was removed.")
        return replace(self, tenant=tenant)

    def subject(self, app: str | None = None, role: str | None = None) -> "Subject":
        """Find the tenant itself, its app, or the app's role, by name.

        Raises:
            NotFound: There is no such app or role.
        """
        if app is None:
            return Subject(self.tenant)
        found = find_app(self.session, self.tenant, app)
        if role is None:
            return Subject(self.tenant, found)
        return Subject(self.tenant, found, find_role(self.session, self.tenant, found, role))


@dataclass(frozen=True, slots=True)
class Subject:
    """The owner of a level: the tenant without an app, an app without a role, or a role."""

    tenant: Tenant
    app: App | None = None
    role: Role | None = None

    @property
    def level(self) -> str:
        """The level's name: global, app or role."""
        return "role" if self.role else "app" if self.app else "global"

    @property
    def id(self) -> UUID:
        """The key under which the level's settings are stored."""
        return (self.role or self.app or self.tenant).id

    def wider(self) -> tuple["Subject", ...]:
        """Return the subjects from the tenant to this one."""
        chain = (
            Subject(self.tenant),
            Subject(self.tenant, self.app) if self.app else None,
            self if self.role else None,
        )
        return tuple(subject for subject in chain if subject is not None)

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The keys of the levels from the tenant's to this one."""
        return tuple(subject.id for subject in self.wider())

    def affects(self, role: RoleSettings) -> bool:
        """Whether a change of this level can change what holds for that role."""
        return self.id in {self.tenant.id, role.app.id, role.role.id}


def read_chain(stored: Mapping[UUID, SettingsLevel], subject: Subject) -> tuple[Level, ...]:
    """Return the levels from the tenant's to the subject's own."""
    return tuple(level_of(stored.get(wider.id), wider.level) for wider in subject.wider())


def etag_of(subject: UUID, chain: tuple[Level, ...]) -> str:
    """Return the entity tag of a level, which changes with it and with every wider level."""
    versions = ".".join(str(level.version) for level in chain)
    return f'"{subject.hex[:8]}.{versions}"'


def refuse_changed(match: str | None, etag: str | None) -> None:
    """Refuse a change that was made for another version.

    Args:
        match: The entity tags that the client read, as If-Match has them; None: any will do.
        etag: The present entity tag; None: there is nothing yet.

    Raises:
        PreconditionFailed: The settings were changed since they were read.
    """
    if match is None:
        return
    tags = {tag.strip().removeprefix("W/") for tag in match.split(",")}
    if etag is None or not ({"*", etag} & tags):
        raise PreconditionFailed(
            "The settings were changed since they were read. Read them again, then change them."
        )
