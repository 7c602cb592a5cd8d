"""What-if replays: started in a form, waited for, and compared."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from sqlmodel import Session, select

from guv.config import Config
from guv.replays.models import ReplayRow
from guv.roles.models import Role
from tests.api.dashboard.browser import Browser, forms_of
from tests.api.dashboard.conftest import HandClock
from tests.builders import a_history, a_role
from worker.process.runtime import build_runtime
from worker.replays.job import run_replay


@pytest.fixture
def role(visitor: Browser, session: Session, clock: HandClock) -> Role:
    """A role with an hour of history until now."""
    role = a_role(session, visitor.owner.app, processing_time=1.0, maximum_dynos=9)
    a_history(session, role, clock())
    session.commit()
    return role


@pytest.fixture
def run_all(session: Session, page_config: Config) -> Callable[[], None]:
    """Runs every replay, as the worker would."""

    def run() -> None:
        runtime = build_runtime(page_config)
        for row in session.exec(select(ReplayRow.id)).all():
            run_replay(runtime, row)
        runtime.close()

    return run


def asked(visitor: Browser, page: str, **values: Any) -> Response:
    return visitor.send(f"{page}/what-if", f"{page}/what-if", range="6h", **values)


def variants(session: Session) -> list[dict[str, Any]]:
    session.expire_all()
    return session.exec(select(ReplayRow)).one().variants


def test_a_replay_is_started_waited_for_and_shown(
    visitor: Browser, page: str, session: Session, run_all: Callable[[], None]
) -> None:
    place = asked(visitor, page, policies=["proportional", "ratio"]).headers["location"]
    waiting = visitor.get(place)
    assert "<progress" in waiting.text
    assert 'data-state="queued"' in waiting.text
    assert [one["name"] for one in variants(session)] == [
        "present settings",
        "proportional",
        "ratio",
    ]
    run_all()
    done = visitor.get(place)
    assert "<progress" not in done.text
    for words in ("recorded", "present settings", "proportional", "ratio", "dyno-hours"):
        assert words in done.text
    picture = visitor.get(f"{place}/chart").json()
    names = [line["name"] for line in picture["data"] if line["yaxis"] == "y"]
    assert names == ["recorded", "present settings", "proportional", "ratio"]
    assert place in visitor.get(f"{page}/what-if").text


def test_edited_settings_are_replayed_beside_the_present_ones_and_can_be_used(
    visitor: Browser, page: str, session: Session, run_all: Callable[[], None]
) -> None:
    preview = visitor.send(page, f"{page}/settings", do="preview", maximum_dynos="20")
    fields = forms_of(preview)[1][1]
    answer = visitor.post(f"{page}/what-if", {**fields, "range": "6h"})
    assert answer.status_code == 303, answer.text
    assert variants(session)[1] == {"name": "edited settings", "settings": {"maximum_dynos": 20}}
    run_all()
    result = visitor.get(answer.headers["location"])
    assert "Maximum: 20 dynos" in result.text
    take_it = forms_of(result)[1][1]
    again = visitor.post(f"{page}/settings", {**take_it, "do": "preview"})
    assert "20 dynos (from role)" in again.text


def test_an_emptied_setting_is_replayed_with_its_inherited_value(
    visitor: Browser, page: str, session: Session, run_all: Callable[[], None]
) -> None:
    answer = asked(visitor, page, **{"maximum_dynos": "", "was-maximum_dynos": "9"})
    assert variants(session)[1]["settings"] == {"maximum_dynos": 5}
    run_all()
    take_it = forms_of(visitor.get(answer.headers["location"]))[1][1]
    assert (take_it["maximum_dynos"], take_it["was-maximum_dynos"]) == ("", "9")


def test_settings_that_a_replay_cannot_use_are_left_out(
    visitor: Browser, page: str, session: Session
) -> None:
    typed = {"queues": "other", "was-queues": "", "alert_after": "5", "was-alert_after": ""}
    assert asked(visitor, page, **typed, policies=[]).status_code == 303
    assert [one["name"] for one in variants(session)] == ["present settings"]


def test_the_preview_names_settings_that_a_replay_cannot_use(visitor: Browser, page: str) -> None:
    preview = visitor.send(page, f"{page}/settings", do="preview", queues="other", step_up="2")
    assert "A replay does not take these into account: Queues." in preview.text


def test_a_replay_of_invalid_settings_is_refused_with_the_reason(
    visitor: Browser, page: str
) -> None:
    answer = asked(visitor, page, **{"minimum_dynos": "12", "was-minimum_dynos": ""})
    assert answer.status_code == 422
    assert "it must be at most 9" in answer.text


def test_a_second_replay_is_refused_while_the_first_runs(visitor: Browser, page: str) -> None:
    asked(visitor, page)
    answer = asked(visitor, page)
    assert answer.status_code == 409
    assert "is still running" in answer.text
    assert "Earlier replays" in answer.text


def test_too_many_policies_are_refused_and_unknown_ones_ignored(
    visitor: Browser, page: str, session: Session
) -> None:
    many = ["proportional", "ratio", "band", "latency", "on_off"]
    answer = asked(visitor, page, policies=many)
    assert answer.status_code == 422
    assert "Choose at most 4 policies" in answer.text
    assert asked(visitor, page, policies=["magic"]).status_code == 303
    assert [one["name"] for one in variants(session)] == ["present settings"]


def test_a_web_role_is_offered_the_policies_that_go_with_requests(
    visitor: Browser, session: Session
) -> None:
    a_role(session, visitor.owner.app, "web", signal="web", policy="response_time")
    session.commit()
    text = visitor.get(f"/dashboard/apps/{visitor.owner.app.name}/roles/web/what-if").text
    assert 'value="utilization"' in text
    assert 'value="ratio"' not in text


def test_a_replay_of_an_unknown_time_range_is_refused(visitor: Browser, page: str) -> None:
    form = {"csrf": visitor.csrf(), "range": "100y"}
    assert visitor.post(f"{page}/what-if", form).status_code == 422


def test_a_role_without_history_says_that_there_is_nothing_to_replay(
    visitor: Browser, session: Session
) -> None:
    a_role(session, visitor.owner.app, "new")
    session.commit()
    answer = asked(visitor, f"/dashboard/apps/{visitor.owner.app.name}/roles/new")
    assert answer.status_code == 422
    assert "There is nothing to replay." in answer.text


def test_a_failed_replay_says_so(visitor: Browser, page: str, session: Session) -> None:
    place = asked(visitor, page).headers["location"]
    row = session.exec(select(ReplayRow)).one()
    row.state, row.error = "failed", "A fault inside guv ended this replay."
    session.add(row)
    session.commit()
    assert "A fault inside guv ended this replay." in visitor.get(place).text
    assert visitor.get(f"{place}/chart").status_code == 404


def test_a_replay_of_another_tenant_or_role_is_not_found(
    visitor: Browser, page: str, new_browser: Callable[[], Browser], session: Session
) -> None:
    number = asked(visitor, page).headers["location"].rpartition("/")[2]
    other = new_browser()
    other.sign_on()
    a_role(session, other.owner.app)
    a_role(session, visitor.owner.app, "mails")
    session.commit()
    theirs = f"/dashboard/apps/{other.owner.app.name}/roles/worker/what-if/{number}"
    of_another_role = page.replace("/worker", "/mails") + f"/what-if/{number}"
    for path, who in ((theirs, other), (of_another_role, visitor)):
        assert who.get(path).status_code == 404
        assert who.get(f"{path}/chart").status_code == 404
