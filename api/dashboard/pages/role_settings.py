"""A role's settings, changed in a form: looked at first, then saved; nobody's work is lost."""

from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.role import (
    NO_REMARKS,
    Remarks,
    Sent,
    SettingsForm,
    read_sent,
    settings_form,
)
from api.dashboard.forms.role_fields import FIELDS, as_text, as_values, told
from api.dashboard.pages.role_level import RoleVisit, RoleVisitDep
from api.dashboard.renderer import Desk, DeskDep, see_other
from guv.errors import FieldError, Invalid, PreconditionFailed
from guv.settings.change_log import ChangeFilter, NamedChange, list_changes
from guv.settings.resolve import effective_settings
from guv.settings.schema import EffectiveSettings, SettingsValues
from guv.settings.variants import REFUSED
from guv.settings.warnings import settings_warnings

MOST_CHANGES = 20  # of others that a page names
router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}/settings")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that holds otherwise after a change: in words, with where each comes from."""

    title: str
    before: str
    after: str


@router.get("")
def show_settings(desk: DeskDep, visited: RoleVisitDep) -> HTMLResponse:
    """The form alone."""
    return _show(desk, visited, form_of(visited))


@router.post("")
def take_settings(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """What the change would do, or back to the role after it was saved."""
    sent = read_sent(form)
    try:
        values = as_values(sent.touched)
        if sent.do == "save":
            return _save(visited, sent, values)
        return _preview(desk, visited, sent, values)
    except Invalid as refused:
        remarks = Remarks(faults=refused.fields or [FieldError("", refused.message)])
        return _show(desk, visited, form_of(visited, sent, remarks), 422)
    except PreconditionFailed:
        return _conflict(desk, visited, sent)


def form_of(
    visited: RoleVisit, sent: Sent | None = None, remarks: Remarks = NO_REMARKS
) -> SettingsForm:
    """The form of the role as it is now, with what somebody typed, if anything."""
    typed = sent.typed if sent else None
    now = visited.access.edit.at
    shown = settings_form(visited.role, visited.chain(), now, typed, remarks)
    if sent is None:
        return shown
    return replace(shown, version=sent.version, opened=sent.opened)


def _save(visited: RoleVisit, sent: Sent, values: SettingsValues) -> Response:
    visited.save(values, sent.version)
    return see_other(f"{visited.path}?saved=yes")


def _preview(desk: Desk, visited: RoleVisit, sent: Sent, values: SettingsValues) -> HTMLResponse:
    """What would hold, and what to look at, before it is saved."""
    judged = visited.judge(values, sent.version)
    before, after = visited.effective(), effective_settings(visited.role.name, judged.chain)
    warnings = settings_warnings(after, visited.plan, visited.access.edit.at)
    return desk.show(
        "role_preview.html",
        app=visited.app,
        role=visited.role,
        form=form_of(visited, sent, Remarks(warnings=warnings)),
        differences=_differences(before, after),
        unknown=[FIELDS[name].title for name in differing(before, after) if name in REFUSED],
        warnings=warnings,
        sent=sent,
    )


def _differences(before: EffectiveSettings, after: EffectiveSettings) -> list[Difference]:
    moved = {name for name in FIELDS if before.sources[name] != after.sources[name]}
    shown = moved.union(differing(before, after))
    return [
        Difference(field.title, _held(before, name), _held(after, name))
        for name, field in FIELDS.items()
        if name in shown
    ]


def differing(before: EffectiveSettings, after: EffectiveSettings) -> list[str]:
    """The names of the settings that hold otherwise."""
    return [name for name in FIELDS if getattr(before, name) != getattr(after, name)]


def _held(effective: EffectiveSettings, name: str) -> str:
    return f"{told(FIELDS[name], getattr(effective, name))} (from {effective.sources[name]})"


def _conflict(desk: Desk, visited: RoleVisit, sent: Sent) -> HTMLResponse:
    """What others changed meanwhile, and the form with both: theirs where nobody else typed."""
    chain = visited.chain()
    theirs = {name: as_text(FIELDS[name], chain[-1].values.get(name)) for name in FIELDS}
    typed = {name: sent.touched.get(name, theirs[name]) for name in FIELDS}
    now = visited.access.edit.at
    both = [
        FIELDS[name].title
        for name in sent.touched
        if theirs[name] not in (sent.was[name], typed[name])
    ]
    return desk.show(
        "role_conflict.html",
        409,
        app=visited.app,
        role=visited.role,
        changes=_meanwhile(visited, sent),
        both=both,
        form=settings_form(visited.role, chain, now, typed),
    )


def _meanwhile(visited: RoleVisit, sent: Sent) -> list[NamedChange]:
    """Who changed what since the form was made."""
    try:
        since = datetime.fromisoformat(sent.opened)
    except ValueError:
        return []
    if since.tzinfo is None:
        return []
    access = visited.access
    ids = [access.tenant.id, visited.app.id, visited.role.id]
    wanted = ChangeFilter(subjects=ids, since=since)
    return list_changes(access.session, access.tenant, wanted, MOST_CHANGES)


def _show(desk: Desk, visited: RoleVisit, form: SettingsForm, status: int = 200) -> HTMLResponse:
    return desk.show("role_settings.html", status, app=visited.app, role=visited.role, form=form)
