"""Roles of an app, with their settings."""

from fastapi import APIRouter, Response

from api.dependencies import AccessDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.etags import ExpectedDep, IfMatch
from api.v1.schemas.settings import RoleAnswer, RoleList
from api.v1.views.settings import role_answer
from guv.apps.queries import find_app
from guv.roles import queries as roles
from guv.roles import update
from guv.settings.levels import Access, Subject, etag_of, read_chain
from guv.settings.queries import stored_levels, tenant_settings
from guv.settings.schema import SettingsValues
from guv.settings.update import change_settings

router = APIRouter(prefix="/apps/{app}/roles", tags=["roles"], responses=error_answers(404))


@router.get("")
def list_roles(access: AccessDep, app: AppName) -> RoleList:
    """List the app's roles by name, each with its settings."""
    session, tenant = access.session, access.tenant
    found, stored = find_app(session, tenant, app), stored_levels(session, tenant)
    all_roles = tenant_settings(session, tenant)
    return RoleList(
        roles=[
            role_answer(stored, Subject(tenant, found, role), access, all_roles)
            for role in roles.list_roles(session, tenant, found)
        ]
    )


@router.get("/{role}")
def read_role(access: AccessDep, response: Response, app: AppName, role: RoleName) -> RoleAnswer:
    """Show a role's settings, what holds for it, and where each value comes from."""
    return _answer(access, response, access.subject(app, role))


@router.put("/{role}", responses={201: {"model": RoleAnswer}})
def replace_role(
    access: AccessDep,
    response: Response,
    app: AppName,
    role: RoleName,
    values: SettingsValues,
    expected: ExpectedDep,
) -> RoleAnswer:
    """Set a role's settings to exactly these; 201 where that creates the role."""
    replaced = update.replace_role(
        access, app, role, values, match=expected.match, only_new=expected.is_new
    )
    if replaced.is_new:
        response.status_code = 201
    return _answer(access, response, replaced.subject)


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
    subject = change_settings(access, app, role, values, merge=True, match=match)
    return _answer(access, response, subject)


@router.delete("/{role}", status_code=204)
def remove_role(access: AccessDep, app: AppName, role: RoleName, match: IfMatch = None) -> None:
    """Stop scaling a role; its dynos stay as they are, its decisions can still be read."""
    update.remove_role(access, app, role, match)


def _answer(access: Access, response: Response, subject: Subject) -> RoleAnswer:
    stored = stored_levels(access.session, subject.tenant, subject.ids)
    response.headers["ETag"] = etag_of(subject.id, read_chain(stored, subject))
    all_roles = tenant_settings(access.session, subject.tenant)
    return role_answer(stored, subject, access, all_roles)
