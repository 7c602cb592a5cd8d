"""A schedule is edited with what it will do beside it, and nobody's windows are lost."""

from typing import Any

import pytest
from sqlmodel import Session, select

from guv.settings.models import SettingsLevel
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.test_overview import text_of

NIGHT = {"start.0": "22:00", "end.0": "06:00", "dynos.0": "0", "timezone.0": "Asia/Tokyo"}


@pytest.fixture
def visitor(visitor: Browser) -> Browser:
    """One whose app has a role."""
    assert visitor.owner.put(visitor.owner.role_path(), {}).status_code == 201
    return visitor


def page(visitor: Browser) -> str:
    return f"/dashboard/apps/{visitor.owner.app.name}/roles/worker/schedule"


def send(visitor: Browser, do: str, **values: Any) -> Any:
    return visitor.send(page(visitor), page(visitor), do=do, **values)


def stored(session: Session) -> Any:
    session.expire_all()
    row = session.exec(select(SettingsLevel)).first()
    return row.values.get("schedules") if row else None


def test_a_schedule_preview_shows_the_next_changes_in_the_windows_zone_and_saves_nothing(
    visitor: Browser, session: Session
) -> None:
    answer = send(visitor, "preview", **NIGHT, **{"days.0": ["0", "4"]})
    shown = text_of(answer.text)
    assert "not saved yet" in shown
    assert "in Asia/Tokyo" in shown
    assert "22:00 exactly 0 schedule" in shown
    assert "06:00 1 to 5 settings" in shown
    assert 'value="22:00"' in answer.text
    assert stored(session) is None


def test_saving_a_schedule_sets_exactly_its_windows(visitor: Browser, session: Session) -> None:
    answer = send(visitor, "save", **NIGHT, **{"days.0": ["0", "4"]})
    assert answer.headers["location"].endswith("/schedule?done=saved")
    (window,) = stored(session)
    assert (window["days"], window["dynos"], window["timezone"]) == ([0, 4], 0, "Asia/Tokyo")
    extra = {"date.1": "2030-12-24", "start.1": "08:00", "end.1": "12:00", "maximum_dynos.1": "2"}
    send(visitor, "save", **extra, **{"days.0": ["0", "4"]})
    assert [one.get("date") for one in stored(session)] == [None, "2030-12-24"]
    send(visitor, "save", **{"remove.0": "yes"})
    assert [one.get("date") for one in stored(session)] == ["2030-12-24"]


def test_the_roles_own_schedule_can_be_removed(visitor: Browser, session: Session) -> None:
    send(visitor, "save", **NIGHT, **{"days.0": ["0"]})
    send(visitor, "inherit")
    assert stored(session) is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({**NIGHT}, "needs either days (weekly) or a date (once)"),
        ({**NIGHT, "days.0": ["1"], "timezone.0": "Berlin"}, "timezone is not an IANA time zone"),
        ({**NIGHT, "days.0": ["1"], "dynos.0": "-1"}, "dynos must be at least"),
        ({**NIGHT, "days.0": ["1"], "dynos.0": "x"}, "dynos must be a whole number"),
        ({**NIGHT, "days.0": ["1"], "start.0": ""}, "start is required"),
        ({**NIGHT, "days.0": ["1"], "minimum_dynos.0": "9", "maximum_dynos.0": "1"}, "above"),
        ({**NIGHT, "date.0": "2027-02-30"}, "date"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "save"])
def test_an_invalid_time_window_is_marked_and_keeps_its_texts(
    visitor: Browser, session: Session, do: str, sent: dict[str, Any], said: str
) -> None:
    answer = send(visitor, do, **sent)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert 'class="stack wrong"' in answer.text
    assert 'value="06:00"' in answer.text
    assert stored(session) is None


def test_overlapping_time_windows_are_refused(visitor: Browser) -> None:
    send(visitor, "save", **NIGHT, **{"days.0": ["0"]})
    again = {name.replace(".0", ".1"): value for name, value in NIGHT.items()}
    answer = send(visitor, "preview", **{"days.0": ["0"], "days.1": ["0"]}, **again)
    assert "overlaps schedules.0" in answer.text


def test_a_schedule_that_somebody_else_changed_is_not_overwritten(
    visitor: Browser, session: Session
) -> None:
    owner = visitor.owner
    shown = {"do": "save", "rows": "1", "csrf": visitor.csrf(), "days.0": ["2"], **NIGHT}
    version = owner.get(owner.role_path()).headers["etag"]
    owner.patch(owner.role_path(), {"schedules": [], "maximum_dynos": 7})
    answer = visitor.post(page(visitor), {**shown, "version": version})
    assert answer.status_code == 412
    assert "changed since they were read" in answer.text
    assert 'value="22:00"' in answer.text  # what was typed is still there
    assert stored(session) == []


@pytest.mark.parametrize("rows", ["", "-1", "x", "²", "9" * 30])
def test_a_made_up_number_of_schedule_rows_does_no_harm(visitor: Browser, rows: str) -> None:
    answer = send(visitor, "preview", rows=rows)
    assert answer.status_code == 200
