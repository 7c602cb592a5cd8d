"""API keys: added, replaced and revoked; a new key is shown once."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import Refusal, try_change, validated, whole_number
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import field, fields
from api.v1.schemas.keys import KeyRequest, RotateRequest
from guv.settings.levels import Access
from guv.tenants import keys

router = APIRouter(prefix="/dashboard/keys")


@router.get("")
def show_keys(renderer: RendererDep, access: AccessDep, done: DoneParam = "") -> HTMLResponse:
    """List the valid keys, without their secrets."""
    return _show(renderer, access, done=done)


@router.post("")
def make_key(renderer: RendererDep, access: AccessDep, form: FormDep) -> HTMLResponse:
    """Add a key and show it once."""
    made: list[keys.NewKey] = []

    def change() -> None:
        wanted = validated(KeyRequest, {"name": field(form, "name"), "scope": field(form, "scope")})
        made.append(
            keys.add_key(access.session, access.tenant, wanted.name, wanted.scope, access.edit.at)
        )

    refusal = try_change(access, change, fields(form))
    return _show(renderer, access, refusal=refusal, made=made[0] if made else None)


@router.post("/{key}/rotate")
def rotate_key(renderer: RendererDep, access: AccessDep, form: FormDep, key: UUID) -> HTMLResponse:
    """Replace a key; the old one stays valid for the given hours."""
    made: list[keys.NewKey] = []

    def change() -> None:
        hours = whole_number(field(form, "hours"), "hours")
        wanted = validated(RotateRequest, {"old_valid_for": hours * 3600})
        valid_for = timedelta(seconds=wanted.old_valid_for)
        made.append(keys.replace_key(access.session, access.tenant, key, valid_for, access.edit.at))

    refusal = try_change(access, change)
    return _show(renderer, access, refusal=refusal, made=made[0] if made else None)


@router.post("/{key}/revoke")
def revoke_key(access: AccessDep, _form: FormDep, key: UUID) -> Response:
    """Revoke a key at once."""
    row = keys.find_key(access.session, access.tenant, key, access.edit.at)
    keys.end_key(access.session, row, access.edit.at)
    return see_other("/dashboard/keys?done=revoked")


def _show(
    renderer: PageRenderer,
    access: Access,
    *,
    refusal: Refusal | None = None,
    made: keys.NewKey | None = None,
    done: str = "",
) -> HTMLResponse:
    return renderer.render(
        "keys.html",
        keys=keys.list_keys(access.session, access.tenant, access.edit.at),
        refusal=refusal,
        made=made,
        done=done,
        here="keys",
    )
