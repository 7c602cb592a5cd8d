"""When do other bounds hold? The editor of a role's windows, with what they will do."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.schedule import DAYS, Row, read_rows, row_of, windows, with_faults
from api.dashboard.forms.validation import TOLD_ON_THE_PAGE, Refusal, built, refusal_of
from api.dashboard.pages.role_level import RoleVisit, RoleVisitDep
from api.dashboard.renderer import Desk, DeskDep, Word, see_other
from api.dependencies import field
from api.v1.actions import ScheduleAnswer, schedule_answer
from guv.settings.field_types import known_timezones
from guv.settings.levels import etag_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import SettingsValues

router = APIRouter(prefix="/dashboard/apps/{app}/roles/{role}/schedule")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the editor shows.

    Attributes:
        rows: The windows.
        version: The entity tag that they were read with.
        refusal: Why they cannot be; None: they can.
        is_saved: Whether they are what holds.
        done: What was done just now.
    """

    rows: Sequence[Row]
    version: str
    refusal: Refusal | None = None
    is_saved: bool = False
    done: str = ""


@router.get("")
def show_schedule(desk: DeskDep, visited: RoleVisitDep, done: Word = "") -> HTMLResponse:
    """The windows that hold, and what they will do."""
    chain = visited.chain()
    effective = effective_settings(visited.role.name, chain)
    rows = [row_of(window) for window in effective.schedules]
    draft = Draft(rows, etag_of(visited.role.id, chain), is_saved=True, done=done)
    answer = schedule_answer(effective, visited.plan, desk.visitor.now)
    return _show(desk, visited, draft, answer)


@router.post("")
def take_schedule(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """What the windows would do, or back to them after they were saved."""
    do, version, rows = field(form, "do"), field(form, "version"), read_rows(form)
    try:
        if do == "inherit":
            return _save(visited, SettingsValues(schedules=None), version)
        values = built(SettingsValues, {"schedules": windows(rows)})
        if do == "save":
            return _save(visited, values, version)
        return _show(desk, visited, Draft(rows, version), _preview(visited, values, version))
    except TOLD_ON_THE_PAGE as error:
        visited.access.session.rollback()
        refusal = refusal_of(error)
        version = etag_of(visited.role.id, visited.chain())
        draft = Draft(with_faults(rows, refusal.fields), version, refusal)
        return _show(desk, visited, draft, None)


def _preview(visited: RoleVisit, values: SettingsValues, version: str) -> ScheduleAnswer:
    effective = effective_settings(visited.role.name, visited.judge(values, version).chain)
    return schedule_answer(effective, visited.plan, visited.access.edit.at)


def _save(visited: RoleVisit, values: SettingsValues, version: str) -> Response:
    visited.save(values, version)
    return see_other(f"{visited.path}/schedule?done=saved")


def _show(
    desk: Desk, visited: RoleVisit, draft: Draft, answer: ScheduleAnswer | None
) -> HTMLResponse:
    zone = next((row.text("timezone") for row in draft.rows if row.text("timezone")), "")
    return desk.show(
        "schedule.html",
        refusal=draft.refusal,
        app=visited.app,
        role=visited.role,
        draft=draft,
        answer=answer,
        source=visited.effective().sources["schedules"],
        days=DAYS,
        blank=Row(texts={"timezone": zone or desk.visitor.zone.key}),
        zones=sorted(known_timezones()),
        local=desk.clock.elsewhere(zone),
    )
