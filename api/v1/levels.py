"""May this be set there? A change of settings, judged by what would hold for every role it affects.

The tenant is locked first: a change is judged by what the others have already committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from api.dependencies import Access
from api.v1.consistency import refuse_contradictions
from api.v1.etags import etag_of, refuse_changed
from api.v1.notification_targets import sealed_target
from guv.apps.models import App
from guv.errors import Gone, Invalid
from guv.roles.models import Role
from guv.roles.queries import set_intervals
from guv.settings import queries as settings
from guv.settings.models import SettingsLevel
from guv.settings.queries import NOTIFY_SET, RoleSettings
from guv.settings.resolve import Level, tick_interval
from guv.settings.schema import NONE, SettingsValues
from guv.settings.suggestions import misplaced
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose level it is: the tenant's without an app, an app's without a role, or a role's."""

    tenant: Tenant
    app: App | None = None
    role: Role | None = None

    @property
    def level(self) -> str:
        """The level's name."""
        return "role" if self.role else "app" if self.app else "global"

    @property
    def id(self) -> UUID:
        """What the level's settings are stored under."""
        return (self.role or self.app or self.tenant).id

    def wider(self) -> tuple["Subject", ...]:
        """The levels from the widest to this one."""
        chain = (
            Subject(self.tenant),
            Subject(self.tenant, self.app) if self.app else None,
            self if self.role else None,
        )
        return tuple(one for one in chain if one is not None)

    @property
    def ids(self) -> tuple[UUID, ...]:
        """What this level and the wider ones are stored under."""
        return tuple(one.id for one in self.wider())

    def affects(self, one: RoleSettings) -> bool:
        """Whether a change of this level can change what holds for that role."""
        return self.id in {self.tenant.id, one.app.id, one.role.id}


def locked(access: Access) -> Tenant:
    """The caller's tenant as it is now, locked until the request is answered.

    Raises:
        Gone: It was deprovisioned meanwhile.
    """
    tenant = tenants.lock_tenant(access.session, access.tenant.id)
    if tenant is None or tenant.state == "deprovisioned":
        raise Gone("The add-on was removed.")
    return tenant


def change_level(
    access: Access,
    subject: Subject,
    values: SettingsValues,
    *,
    merge: bool,
    match: str | None = None,
) -> None:
    """Nothing; the level is changed, and the roles it affects tick as it says.

    Args:
        access: Its transaction holds the tenant's lock.
        subject: Whose level.
        values: The values that were sent.
        merge: Whether values that were not sent stay as they are; null then resets one.
        match: The entity tag that the change is made for; None: whatever is there now.

    Raises:
        PreconditionFailed: It is another one now.
        Invalid: A setting does not belong at the level, or what would hold cannot work together.
    """
    judged = judge_change(access, subject, values, merge=merge, match=match)
    row = judged.row
    notify = row.notify_sealed if row else None
    if not merge or "notify" in values.model_fields_set:
        notify = sealed_target(values.notify, notify, access.sealer)
    session, plan = access.session, plan_of(subject.tenant.plan)
    settings.write_level(
        session, subject.tenant, judged.chain[-1], subject.id, notify=notify, edit=access.edit
    )
    intervals = {one.role.id: float(tick_interval(one.effective, plan)) for one in judged.affected}
    set_intervals(session, intervals, access.edit.at)


@dataclass(frozen=True, slots=True)
class Judged:
    """A change that may be made.

    Attributes:
        chain: The levels from the widest to the changed one, as they would be.
        affected: What would hold for the roles that the change affects.
        row: The level as it is stored now; None: never set.
    """

    chain: tuple[Level, ...]
    affected: list[RoleSettings]
    row: SettingsLevel | None


def judge_change(
    access: Access,
    subject: Subject,
    values: SettingsValues,
    *,
    merge: bool,
    match: str | None = None,
) -> Judged:
    """What would hold if the level were changed; nothing is.

    The arguments and the errors are those of `change_level`.
    """
    session, tenant, plan = access.session, subject.tenant, plan_of(subject.tenant.plan)
    refused = misplaced(values.model_dump(exclude_none=True), subject.level)
    if refused:
        raise Invalid("These settings belong elsewhere.", refused)
    stored = settings.stored_levels(session, tenant, subject.ids)
    chain = read_chain(stored, subject)
    refuse_changed(match, etag_of(subject.id, chain))
    level = replace(chain[-1], values=changed_values(chain[-1].values, values, merge=merge))
    holds = settings.tenant_settings(session, tenant, {subject.id: level})
    affected = [one for one in holds if subject.affects(one)]
    chain = (*chain[:-1], level)
    refuse_contradictions(plan, chain, affected, holds)
    return Judged(chain, affected, stored.get(subject.id))


def read_chain(stored: Mapping[UUID, SettingsLevel], subject: Subject) -> tuple[Level, ...]:
    """The levels from the widest to the subject's own."""
    return tuple(settings.level_of(stored.get(one.id), one.level) for one in subject.wider())


def changed_values(
    present: Mapping[str, Any], sent: SettingsValues, *, merge: bool
) -> dict[str, Any]:
    """The level's values after the change; a notification target is kept elsewhere, sealed."""
    hidden = set() if sent.notify == NONE else {"notify"}
    values = sent.model_dump(mode="json", exclude_none=True, exclude=hidden)
    named = sent.model_fields_set
    kept = {name: value for name, value in present.items() if name not in named} if merge else {}
    return {**{name: value for name, value in kept.items() if value != NOTIFY_SET}, **values}
