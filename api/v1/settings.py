"""Settings of the tenant and of its apps; also the router of everything about them."""

from fastapi import APIRouter, Response

from api.dependencies import AccessDep
from api.errors import error_answers
from api.paths import AppName
from api.v1 import (
    actions,
    apps,
    authorization,
    brokers,
    changes,
    notifications,
    roles,
)
from api.v1.etags import IfMatch
from api.v1.schemas.settings import SettingsAnswer
from api.v1.views.settings import settings_answer
from guv.settings.levels import Access, Subject, etag_of, read_chain
from guv.settings.queries import stored_levels
from guv.settings.schema import SettingsValues
from guv.settings.update import change_settings

router = APIRouter(prefix="/v1", responses=error_answers(401, 412, 422))
levels = APIRouter(tags=["settings"])


@levels.get("/settings")
def read_global_settings(access: AccessDep, response: Response) -> SettingsAnswer:
    """Show the settings of the tenant, which hold for all its apps."""
    return _answer(access, response, access.subject())


@levels.put("/settings")
def replace_global_settings(
    access: AccessDep, response: Response, values: SettingsValues, match: IfMatch = None
) -> SettingsAnswer:
    """Set the tenant's settings to exactly these."""
    subject = change_settings(access, None, None, values, merge=False, match=match)
    return _answer(access, response, subject)


@levels.patch("/settings")
def change_global_settings(
    access: AccessDep, response: Response, values: SettingsValues, match: IfMatch = None
) -> SettingsAnswer:
    """Change those of the tenant's settings that are named; null resets one."""
    subject = change_settings(access, None, None, values, merge=True, match=match)
    return _answer(access, response, subject)


@levels.get("/apps/{app}/settings", responses=error_answers(404))
def read_app_settings(access: AccessDep, response: Response, app: AppName) -> SettingsAnswer:
    """Show the settings of an app, which hold for all its roles."""
    return _answer(access, response, access.subject(app))


@levels.put("/apps/{app}/settings", responses=error_answers(404))
def replace_app_settings(
    access: AccessDep,
    response: Response,
    app: AppName,
    values: SettingsValues,
    match: IfMatch = None,
) -> SettingsAnswer:
    """Set an app's settings to exactly these."""
    subject = change_settings(access, app, None, values, merge=False, match=match)
    return _answer(access, response, subject)


@levels.patch("/apps/{app}/settings", responses=error_answers(404))
def change_app_settings(
    access: AccessDep,
    response: Response,
    app: AppName,
    values: SettingsValues,
    match: IfMatch = None,
) -> SettingsAnswer:
    """Change those of an app's settings that are named; null resets one."""
    subject = change_settings(access, app, None, values, merge=True, match=match)
    return _answer(access, response, subject)


def _answer(access: Access, response: Response, subject: Subject) -> SettingsAnswer:
    stored = stored_levels(access.session, subject.tenant, subject.ids)
    response.headers["ETag"] = etag_of(subject.id, read_chain(stored, subject))
    return settings_answer(stored, subject, access)


for part in (
    levels,
    apps.router,
    brokers.router,
    authorization.router,
    roles.router,
    changes.router,
    actions.router,
    notifications.router,
):
    router.include_router(part)
