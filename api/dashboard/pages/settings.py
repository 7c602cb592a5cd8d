"""Settings of a role in a form, with preview and conflicts, and the log of changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.role import (
    NO_REMARKS,
    Remarks,
    SettingsForm,
    SubmittedSettings,
    read_settings_form,
    settings_form,
)
from api.dashboard.forms.role_fields import FIELDS, as_text, as_values, display_text
from api.dashboard.pages.contexts import RoleContext, RoleContextDep
from api.dashboard.renderer import PageRenderer, RendererDep, see_other
from api.v1.listing import cursor_of, row_of
from guv.errors import FieldError, Invalid, PreconditionFailed
from guv.settings.change_log import ChangeFilter, NamedChange, list_changes
from guv.settings.resolve import effective_settings
from guv.settings.schema import EffectiveSettings, SettingsValues
from guv.settings.variants import REFUSED
from guv.settings.warnings import settings_warnings

MOST_CHANGES = 20  # by others, listed on a conflict
SETTINGS = "/dashboard/apps/{app}/roles/{role}/settings"
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting whose effective value or source changes, as text."""

    title: str
    before: str
    after: str


@router.get(SETTINGS)
def show_settings(renderer: RendererDep, context: RoleContextDep) -> HTMLResponse:
    """Show the form."""
    return _show(renderer, context, form_of(context))


@router.post(SETTINGS)
def take_settings(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """Preview the change, or save it and return to the role."""
    sent = read_settings_form(form)
    try:
        values = as_values(sent.touched)
        if sent.do == "save":
            return _save(context, sent, values)
        return _preview(renderer, context, sent, values)
    except Invalid as refused:
        remarks = Remarks(faults=refused.fields or [FieldError("", refused.message)])
        return _show(renderer, context, form_of(context, sent, remarks), 422)
    except PreconditionFailed:
        return _conflict(renderer, context, sent)


def form_of(
    context: RoleContext, sent: SubmittedSettings | None = None, remarks: Remarks = NO_REMARKS
) -> SettingsForm:
    """Build the form from the present settings and the submitted texts, if any."""
    typed = sent.typed if sent else None
    now = context.access.edit.at
    shown = settings_form(context.role, context.chain(), now, typed, remarks)
    if sent is None:
        return shown
    return replace(shown, version=sent.version, opened=sent.opened)


def _save(context: RoleContext, sent: SubmittedSettings, values: SettingsValues) -> Response:
    context.save(values, sent.version)
    return see_other(f"{context.path}?saved=yes")


def _preview(
    renderer: PageRenderer, context: RoleContext, sent: SubmittedSettings, values: SettingsValues
) -> HTMLResponse:
    """Show the effective settings after the change, with warnings, before it is saved."""
    judged = context.judge(values, sent.version)
    before, after = context.effective(), effective_settings(context.role.name, judged.chain)
    warnings = settings_warnings(after, context.plan, context.access.edit.at)
    return renderer.render(
        "role_preview.html",
        app=context.app,
        role=context.role,
        form=form_of(context, sent, Remarks(warnings=warnings)),
        differences=_differences(before, after),
        unknown=[FIELDS[name].title for name in differing(before, after) if name in REFUSED],
        warnings=warnings,
        sent=sent,
    )


def _differences(before: EffectiveSettings, after: EffectiveSettings) -> list[Difference]:
    moved = {name for name in FIELDS if before.sources[name] != after.sources[name]}
    shown = moved.union(differing(before, after))
    return [
        Difference(field.title, _with_source(before, name), _with_source(after, name))
        for name, field in FIELDS.items()
        if name in shown
    ]


def differing(before: EffectiveSettings, after: EffectiveSettings) -> list[str]:
    """Return the names of the settings whose effective values differ."""
    return [name for name in FIELDS if getattr(before, name) != getattr(after, name)]


def _with_source(effective: EffectiveSettings, name: str) -> str:
    return (
        f"{display_text(FIELDS[name], getattr(effective, name))} (from {effective.sources[name]})"
    )


def _conflict(
    renderer: PageRenderer, context: RoleContext, sent: SubmittedSettings
) -> HTMLResponse:
    """Show changes by others and a form with both; a field that both changed has our text."""
    chain = context.chain()
    theirs = {name: as_text(FIELDS[name], chain[-1].values.get(name)) for name in FIELDS}
    typed = {name: sent.touched.get(name, theirs[name]) for name in FIELDS}
    now = context.access.edit.at
    both = [
        FIELDS[name].title
        for name in sent.touched
        if theirs[name] not in (sent.was[name], typed[name])
    ]
    return renderer.render(
        "role_conflict.html",
        409,
        app=context.app,
        role=context.role,
        changes=_meanwhile(context, sent),
        both=both,
        form=settings_form(context.role, chain, now, typed),
    )


def _meanwhile(context: RoleContext, sent: SubmittedSettings) -> list[NamedChange]:
    """List the changes since the form was opened."""
    try:
        since = datetime.fromisoformat(sent.opened)
    except ValueError:
        return []
    if since.tzinfo is None:
        return []
    access = context.access
    ids = [access.tenant.id, context.app.id, context.role.id]
    wanted = ChangeFilter(subjects=ids, since=since)
    return list_changes(access.session, access.tenant, wanted, MOST_CHANGES)


def _show(
    renderer: PageRenderer, context: RoleContext, form: SettingsForm, status: int = 200
) -> HTMLResponse:
    return renderer.render(
        "role_settings.html", status, app=context.app, role=context.role, form=form
    )


CHANGES_PER_PAGE = 50


@router.get("/dashboard/changes")
def show_changes(
    renderer: RendererDep,
    access: AccessDep,
    before: Annotated[str | None, Query(max_length=300)] = None,
) -> HTMLResponse:
    """List the changes of all levels, newest first."""
    wanted = ChangeFilter(before=row_of(before)[1] if before else None)
    listed = list_changes(access.session, access.tenant, wanted, CHANGES_PER_PAGE + 1)
    last = listed[CHANGES_PER_PAGE - 1].change if len(listed) > CHANGES_PER_PAGE else None
    return renderer.render(
        "changes.html",
        changes=listed[:CHANGES_PER_PAGE],
        older=cursor_of(last.at, last.id) if last else None,
        here="changes",
    )
