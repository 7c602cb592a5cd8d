"""Editor of a role's schedule, with a preview of the limits that follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.schedule import DAYS, Row, read_rows, row_of, windows, with_faults
from api.dashboard.forms.validation import SHOWN_ON_PAGE, Refusal, refusal_of, validated
from api.dashboard.pages.contexts import RoleContext, RoleContextDep
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import field
from api.v1.views.schedule import ScheduleAnswer, schedule_answer
from guv.settings.field_types import known_timezones
from guv.settings.levels import etag_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import SettingsValues

router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}/schedule")


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of the editor.

    Attributes:
        rows: The windows.
        version: The entity tag of the settings they belong to.
        refusal: Why they were refused; None: they were not.
        is_saved: Whether they are saved.
        done: The action that was just completed.
    """

    rows: Sequence[Row]
    version: str
    refusal: Refusal | None = None
    is_saved: bool = False
    done: str = ""


@router.get("")
def show_schedule(
    renderer: RendererDep, context: RoleContextDep, done: DoneParam = ""
) -> HTMLResponse:
    """Show the effective schedule and the changes of limits that follow."""
    chain = context.chain()
    effective = effective_settings(context.role.name, chain)
    rows = [row_of(window) for window in effective.schedules]
    draft = Draft(rows, etag_of(context.role.id, chain), is_saved=True, done=done)
    answer = schedule_answer(effective, context.plan, renderer.visitor.now)
    return _show(renderer, context, draft, answer)


@router.post("")
def take_schedule(form: FormDep, renderer: RendererDep, context: RoleContextDep) -> Response:
    """Preview the schedule, save it or remove it."""
    do, version, rows = field(form, "do"), field(form, "version"), read_rows(form)
    try:
        if do == "inherit":
            return _save(context, SettingsValues(schedules=None), version)
        values = validated(SettingsValues, {"schedules": windows(rows)})
        if do == "save":
            return _save(context, values, version)
        return _show(renderer, context, Draft(rows, version), _preview(context, values, version))
    except SHOWN_ON_PAGE as error:
        context.access.session.rollback()
        refusal = refusal_of(error)
        version = etag_of(context.role.id, context.chain())
        draft = Draft(with_faults(rows, refusal.fields), version, refusal)
        return _show(renderer, context, draft, None)


def _preview(context: RoleContext, values: SettingsValues, version: str) -> ScheduleAnswer:
    effective = effective_settings(context.role.name, context.judge(values, version).chain)
    return schedule_answer(effective, context.plan, context.access.edit.at)


def _save(context: RoleContext, values: SettingsValues, version: str) -> Response:
    context.save(values, version)
    return see_other(f"{context.path}/schedule?done=saved")


def _show(
    renderer: PageRenderer, context: RoleContext, draft: Draft, answer: ScheduleAnswer | None
) -> HTMLResponse:
    zone = next((row.text("timezone") for row in draft.rows if row.text("timezone")), "")
    return renderer.render(
        "schedule.html",
        refusal=draft.refusal,
        app=context.app,
        role=context.role,
        draft=draft,
        answer=answer,
        source=context.effective().sources["schedules"],
        days=DAYS,
        blank=Row(texts={"timezone": zone or renderer.visitor.zone.key}),
        zones=sorted(known_timezones()),
        local=renderer.clock.elsewhere(zone),
    )
