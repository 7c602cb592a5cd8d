"""API keys: added, replaced and revoked; a new key is shown once."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import Refusal, try_change, validated, whole_number
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import Caller, field, fields
from api.v1 import keys as rest
from guv.settings.levels import Access
from guv.tenants import keys

NO_KEY = UUID(int=0)  # a person comes with none
router = APIRouter(prefix="/dashboard/keys")


@router.get("")
def show_keys(renderer: RendererDep, access: AccessDep, done: DoneParam = "") -> HTMLResponse:
    """List the valid keys, without their secrets."""
    return _show(renderer, access, done=done)


@router.post("")
def make_key(renderer: RendererDep, access: AccessDep, form: FormDep) -> HTMLResponse:
    """Add a key and show it once."""
    made: list[rest.NewKey] = []

    def change() -> None:
        wanted = validated(
            rest.KeyRequest, {"name": field(form, "name"), "scope": field(form, "scope")}
        )
        made.append(rest.make_key(access.session, _caller(access), access.edit.at, wanted))

    refusal = try_change(access, change, fields(form))
    return _show(renderer, access, refusal=refusal, made=made[0] if made else None)


@router.post("/{key}/rotate")
def rotate_key(renderer: RendererDep, access: AccessDep, form: FormDep, key: UUID) -> HTMLResponse:
    """Replace a key; the old one stays valid for the given hours."""
    made: list[rest.NewKey] = []

    def change() -> None:
        hours = whole_number(field(form, "hours"), "hours")
        wanted = validated(rest.RotateRequest, {"old_valid_for": hours * 3600})
        made.append(rest.rotate_key(access.session, _caller(access), access.edit.at, key, wanted))

    refusal = try_change(access, change)
    return _show(renderer, access, refusal=refusal, made=made[0] if made else None)


@router.post("/{key}/revoke")
def revoke_key(access: AccessDep, _form: FormDep, key: UUID) -> Response:
    """Revoke a key at once."""
    row = keys.find_key(access.session, access.tenant, key, access.edit.at)
    keys.end_key(access.session, row, access.edit.at)
    return see_other("/dashboard/keys?done=revoked")


def _caller(access: Access) -> Caller:
    return Caller(access.tenant, access.edit.by, NO_KEY)


def _show(
    renderer: PageRenderer,
    access: Access,
    *,
    refusal: Refusal | None = None,
    made: rest.NewKey | None = None,
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
