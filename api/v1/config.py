"""Export and import of all settings as one file in guv's YAML."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.dependencies import AccessDep
from api.errors import error_answers
from guv.apps.queries import list_apps
from guv.errors import BadRequest
from guv.roles.queries import list_all_roles
from guv.settings.levels import Access
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import shown_target
from guv.settings.queries import stored_levels
from guv.settings.update import apply_document
from guv.settings.yaml_file import parse_document

MEDIA = "application/yaml"
EXAMPLE = "'*': {app: shop, deadline: 60}\nworker: {queue: orders, min: 0, max: 10}\n"
FILE = {"schema": {"type": "string", "description": "guv's YAML"}, "example": EXAMPLE}
BODY = {"description": "The file", "required": True, "content": {MEDIA: FILE}}
router = APIRouter(prefix="/v1/config", tags=["config"], responses=error_answers(401, 422))


class Difference(BaseModel):
    """One setting that the file changes."""

    app: str | None = Field(description="null: for all apps", examples=["shop"])
    role: str | None = Field(description="null: for all roles", examples=["worker"])
    setting: str = Field(description="Its name; `role` where the role is new")
    before: Any = Field(description="null: not set there")
    after: Any = Field(description="null: not set there any more")


class ImportAnswer(BaseModel):
    """What a file changed, or would change."""

    dry_run: bool = Field(description="Whether nothing was changed")
    differences: list[Difference] = Field(description="Each setting that differs; [] for none")


@router.get("", response_class=Response, responses={200: {"content": {MEDIA: {}}}})
def export_config(access: AccessDep) -> Response:
    """Export all that is set as a file that can be imported again; secrets are masked."""
    return Response(yaml.safe_dump(_exported(access), sort_keys=False), media_type=MEDIA)


async def _sent(request: Request) -> bytes:
    """Return the body as it came: FastAPI would parse one that is labelled as JSON."""
    return await request.body()


@router.put("", responses=error_answers(400), openapi_extra={"requestBody": BODY})
def import_config(
    access: AccessDep,
    body: Annotated[bytes, Depends(_sent)],
    *,
    dry_run: Annotated[
        bool, Query(description="Say what would change, and change nothing")
    ] = False,
) -> ImportAnswer:
    """Set the tenant's level, and the apps and roles that the file names, to exactly what it says.

    All or nothing. Roles and apps that it does not name stay as they are. The names and shorthands
    of guv 0.3 work.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadRequest("The file is not text in UTF-8.") from None
    differences = apply_document(access, parse_document(text))
    if dry_run:
        access.session.rollback()
    shown = [Difference(**asdict(difference)) for difference in differences]
    return ImportAnswer(dry_run=dry_run, differences=shown)


def _exported(access: Access) -> dict[str, Any]:
    session, tenant = access.session, access.tenant
    stored, apps = stored_levels(session, tenant), list_apps(session, tenant)
    of_app = list_all_roles(session, tenant)
    names = Counter(role.name for some in of_app.values() for role in some)
    wide = _own(stored.get(tenant.id), access)
    app_values = {app.name: _own(stored.get(app.id), access) for app in apps}
    set_apps = {name: values for name, values in app_values.items() if values}
    document = {"*": {**wide, **({"apps": set_apps} if set_apps else {})}}
    for app in apps:
        for role in of_app.get(app.id, []):
            key = role.name if names[role.name] == 1 else f"{app.name}/{role.name}"
            document[key] = {"app": app.name, **_own(stored.get(role.id), access)}
    return document


def _own(row: SettingsLevel | None, access: Access) -> dict[str, Any]:
    if row is None:
        return {}
    target = shown_target(row.notify_sealed, access.sealer)
    return dict(row.values) if target is None else {**row.values, "notify": target}
