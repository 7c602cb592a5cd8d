"""When do other bounds hold? The editor of a role's windows, with what they will do."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.deps import FormDep
from api.dashboard.filled import TOLD_ON_THE_PAGE, Refusal, built, refusal_of
from api.dashboard.pages import Desk, DeskDep, Word, see_other
from api.dashboard.role.visit import RoleVisit, RoleVisitDep
from api.dashboard.schedule_form import DAYS, Row, read_rows, row_of, windows, with_faults
from api.forms import field
from api.settings.action_routes import ScheduleAnswer, schedule_answer
from api.settings.levels import Subject, change_level, judge_change, locked, read_chain
from api.settings.versions import etag_of
from guv.plans import PLANS
from guv.settings.effective import effective_settings
from guv.settings.values import SettingsValues, known_timezones
from guv.tenancy.settings import stored_levels

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
    rows = [row_of(window) for window in visited.effective.values["schedules"]]
    effective = visited.effective
    answer = schedule_answer(effective, PLANS[visited.access.tenant.plan], desk.visitor.now)
    draft = Draft(rows, _version(visited), is_saved=True, done=done)
    return _show(desk, visited, draft, answer)


@router.post("")
def take_schedule(form: FormDep, desk: DeskDep, visited: RoleVisitDep) -> Response:
    """What the windows would do, or back to them after they were saved."""
    do, version, rows = field(form, "do"), field(form, "version"), read_rows(form)
    try:
        if do == "inherit":
            return _save(desk, visited, SettingsValues(schedules=None), version)
        values = built(SettingsValues, {"schedules": windows(rows)})
        if do == "save":
            return _save(desk, visited, values, version)
        return _show(desk, visited, Draft(rows, version), _preview(visited, values, version))
    except TOLD_ON_THE_PAGE as error:
        visited.access.session.rollback()
        refusal = refusal_of(error)
        draft = Draft(with_faults(rows, refusal.fields), _version(visited), refusal)
        return _show(desk, visited, draft, None)


def _subject(visited: RoleVisit) -> Subject:
    return Subject(visited.access.tenant, visited.app, visited.role)


def _version(visited: RoleVisit) -> str:
    """The entity tag of the role's own level now."""
    subject = _subject(visited)
    stored = stored_levels(visited.access.session, subject.tenant, subject.ids)
    return etag_of(subject.id, read_chain(stored, subject))


def _preview(visited: RoleVisit, values: SettingsValues, version: str) -> ScheduleAnswer:
    access, subject = visited.access, _subject(visited)
    judged = judge_change(access, subject, values, merge=True, match=version)
    effective = effective_settings(visited.role.name, judged.chain)
    return schedule_answer(effective, PLANS[access.tenant.plan], access.edit.at)


def _save(desk: Desk, visited: RoleVisit, values: SettingsValues, version: str) -> Response:
    access = visited.access
    subject = Subject(locked(access), visited.app, visited.role)
    change_level(access, subject, values, merge=True, match=version)
    path = desk.role_path(visited.app.name, visited.role.name)
    return see_other(f"{path}/schedule?done=saved")


def _show(
    desk: Desk, visited: RoleVisit, draft: Draft, answer: ScheduleAnswer | None
) -> HTMLResponse:
    zone = next((row.text("timezone") for row in draft.rows if row.text("timezone")), "")
    return desk.show(
        "schedule.html",
        200 if draft.refusal is None else draft.refusal.status,
        app=visited.app,
        role=visited.role,
        draft=draft,
        answer=answer,
        source=visited.effective.sources["schedules"],
        days=DAYS,
        blank=Row(texts={"timezone": zone or desk.visitor.zone.key}),
        zones=sorted(known_timezones()),
        local=desk.clock.elsewhere(zone),
    )
