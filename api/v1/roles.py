"""Which roles does an app have, and what is set for each?"""

from fastapi import APIRouter, Response

from api.dependencies import Access, AccessDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.etags import ExpectedDep, IfMatch, etag_of, refuse_changed
from api.v1.levels import Subject, change_level, locked, read_chain
from api.v1.schemas.settings import RoleAnswer, RoleList
from api.v1.views.settings import role_answer
from guv.apps.models import App
from guv.apps.queries import find_app
from guv.errors import Invalid, NotFound, PreconditionFailed
from guv.incidents import queries as incidents
from guv.roles import queries as roles
from guv.roles.models import Role
from guv.settings.queries import note_removal, stored_levels, tenant_settings
from guv.settings.schema import SettingsValues
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of

router = APIRouter(prefix="/apps/{app}/roles", tags=["roles"], responses=error_answers(404))


@router.get("")
def list_roles(access: AccessDep, app: AppName) -> RoleList:
    """The app's roles by name, each with its settings."""
    session, tenant = access.session, access.tenant
    found, stored = find_app(session, tenant, app), stored_levels(session, tenant)
    all_ = tenant_settings(session, tenant)
    return RoleList(
        roles=[
            role_answer(stored, Subject(tenant, found, role), access, all_)
            for role in roles.list_roles(session, tenant, found)
        ]
    )


@router.get("/{role}")
def read_role(access: AccessDep, response: Response, app: AppName, role: RoleName) -> RoleAnswer:
    """A role's settings, what holds for it, and where each value comes from."""
    return _answer(access, response, _subject(access, access.tenant, app, role))


@router.put("/{role}", responses={201: {"model": RoleAnswer}})
def replace_role(
    access: AccessDep,
    response: Response,
    app: AppName,
    role: RoleName,
    values: SettingsValues,
    expected: ExpectedDep,
) -> RoleAnswer:
    """Set a role's settings to exactly these; 201 where that makes the role."""
    tenant = locked(access)
    found = find_app(access.session, tenant, app)
    try:
        present = roles.find_role(access.session, tenant, found, role)
    except NotFound:
        refuse_changed(expected.match, None)
        present = _new_role(access, tenant, found, role)
        response.status_code = 201
    else:
        if expected.is_new:
            raise PreconditionFailed(f"There is a role {role!r} already.")
    subject = Subject(tenant, found, present)
    change_level(access, subject, values, merge=False, match=expected.match)
    return _answer(access, response, subject)


@router.patch("/{role}")
def change_role(
    access: AccessDep,
    response: Response,
    app: AppName,
    role: RoleName,
    values: SettingsValues,
    match: IfMatch = None,
) -> RoleAnswer:
    """Change those of a role's settings that are named; null resets one."""
    subject = _subject(access, locked(access), app, role)
    change_level(access, subject, values, merge=True, match=match)
    return _answer(access, response, subject)


@router.delete("/{role}", status_code=204)
def remove_role(access: AccessDep, app: AppName, role: RoleName, match: IfMatch = None) -> None:
    """Stop scaling a role; its dynos stay as they are, its decisions can still be read."""
    subject = _subject(access, locked(access), app, role)
    stored = stored_levels(access.session, subject.tenant, subject.ids)
    refuse_changed(match, etag_of(subject.id, read_chain(stored, subject)))
    found = subject.role
    if found is not None:
        roles.remove_role(access.session, found, access.edit.at)
        note_removal(access.session, subject.tenant, found, access.edit)
        incidents.end_incidents(access.session, found, access.edit.at)


def _answer(access: Access, response: Response, subject: Subject) -> RoleAnswer:
    stored = stored_levels(access.session, subject.tenant, subject.ids)
    response.headers["ETag"] = etag_of(subject.id, read_chain(stored, subject))
    return role_answer(stored, subject, access, tenant_settings(access.session, subject.tenant))


def _subject(access: Access, tenant: Tenant, app: str, role: str) -> Subject:
    found = find_app(access.session, tenant, app)
    return Subject(tenant, found, roles.find_role(access.session, tenant, found, role))


def _new_role(access: Access, tenant: Tenant, app: App, name: str) -> Role:
    """A new role, as far as the plan allows one more."""
    plan, used = plan_of(tenant.plan), roles.count_roles(access.session, tenant)
    if used >= plan.roles:
        raise Invalid(
            f"Plan {plan.name} allows {plan.roles} roles, and {used} are used:"
            " remove one, or change to a larger plan."
        )
    interval = float(plan.interval)
    return roles.add_role(access.session, tenant, app, name, interval, access.edit.at)
