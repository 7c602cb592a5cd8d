"""Controls of a role on its page: pause, override and test alert."""

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from guv.settings.models import SettingsChange, SettingsLevel
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.test_overview import text_of


@pytest.fixture
def visitor(visitor: Browser) -> Browser:
    """One whose app has a role, and who is in Berlin."""
    assert visitor.owner.put(visitor.owner.role_path(), {}).status_code == 201
    visitor.cookies["guv-zone"] = "Europe/Berlin"
    return visitor


def role(visitor: Browser, rest: str = "") -> str:
    return f"/dashboard/apps/{visitor.owner.app.name}/roles/worker{rest}"


def act(visitor: Browser, action: str, **values: Any) -> Any:
    return visitor.send(role(visitor, "/controls"), role(visitor, action), **values)


def values(session: Session) -> dict[str, Any]:
    session.expire_all()
    return session.exec(select(SettingsLevel)).one().values


def test_a_pause_ends_at_the_visitors_local_time(visitor: Browser, session: Session) -> None:
    answer = act(visitor, "/pause", direction="down", pause_until="2099-07-01T14:00")
    assert answer.headers["location"].endswith("/controls?done=paused")
    until = datetime.fromisoformat(values(session)["pause"].pop("until"))
    assert until.isoformat() == "2099-07-01T14:00:00+02:00"
    assert session.exec(select(SettingsChange)).all()[-1].by == "owner@example.com"
    shown = text_of(visitor.get(role(visitor, "/controls")).text)
    assert "scaling down paused until 1 Jul 2099 14:00" in shown


def test_a_pause_without_an_end_lasts_until_it_is_resumed(
    visitor: Browser, session: Session
) -> None:
    act(visitor, "/pause", direction="both")
    assert values(session)["pause"] == {"direction": "both"}
    act(visitor, "/resume")
    assert "pause" not in values(session)


def test_an_override_ends_by_itself_and_can_be_ended(visitor: Browser, session: Session) -> None:
    act(visitor, "/override", maximum_dynos="9", until="2099-01-01T00:00")
    assert values(session)["override"]["maximum_dynos"] == 9
    assert "override until 1 Jan 2099 00:00: at most 9" in text_of(
        visitor.get(role(visitor, "/controls")).text
    )
    act(visitor, "/override/end")
    assert "override" not in values(session)


def test_an_override_beyond_the_limits_is_warned_of(visitor: Browser) -> None:
    act(visitor, "/override", minimum_dynos="50", until="2099-01-01T00:00")
    shown = text_of(visitor.get(role(visitor, "/controls")).text)
    assert "Minimum dynos is 50, above maximum_dynos 5; set maximum_dynos here as well" in shown
    act(visitor, "/override", minimum_dynos="5", until="2099-01-01T00:00")
    assert "above maximum_dynos" not in text_of(visitor.get(role(visitor, "/controls")).text)


@pytest.mark.parametrize(
    ("action", "sent", "said"),
    [
        ("/pause", {"direction": "sideways"}, "must be"),
        ("/pause", {"direction": "up", "pause_until": "tomorrow"}, "2026-12-24T18:00"),
        ("/override", {"until": "2099-01-01T00:00"}, "needs minimum_dynos or maximum_dynos"),
        ("/override", {"maximum_dynos": "3"}, "until-fault"),
        ("/override", {"maximum_dynos": "x", "until": ""}, "must be a whole number"),
        (
            "/override",
            {"minimum_dynos": "9", "maximum_dynos": "3", "until": "2099-01-01T00:00"},
            "minimum_dynos 9 is above maximum_dynos 3",
        ),
    ],
)
def test_an_invalid_pause_or_override_is_refused_and_changes_nothing(
    visitor: Browser, session: Session, action: str, sent: dict[str, str], said: str
) -> None:
    before = session.exec(select(SettingsChange)).all()
    answer = act(visitor, action, **sent)
    assert (answer.status_code, said in answer.text) == (422, True)
    session.expire_all()
    assert len(session.exec(select(SettingsChange)).all()) == len(before)


def test_a_role_paused_by_its_app_says_so_and_cannot_resume_itself(visitor: Browser) -> None:
    app = f"/dashboard/apps/{visitor.owner.app.name}"
    assert visitor.send(app, f"{app}/pause", direction="both").status_code == 303
    shown = visitor.get(role(visitor, "/controls")).text
    assert 'data-pause="app"' in shown
    assert f'action="{role(visitor, "/resume")}"' not in shown
    visitor.send(app, f"{app}/resume")
    assert "data-pause" not in visitor.get(role(visitor, "/controls")).text


def test_an_invalid_pause_of_an_app_is_marked_at_its_field(visitor: Browser) -> None:
    app = f"/dashboard/apps/{visitor.owner.app.name}"
    answer = visitor.send(app, f"{app}/pause", direction="both", pause_until="x")
    assert answer.status_code == 422
    assert 'id="pause_until-fault"' in answer.text


def test_an_app_with_the_pause_none_is_shown(visitor: Browser) -> None:
    owner = visitor.owner
    assert owner.patch(owner.app_path("/settings"), {"pause": "none"}).status_code == 200
    assert visitor.get(f"/dashboard/apps/{owner.app.name}").status_code == 200


def test_a_test_alert_without_a_target_fails_and_says_so(visitor: Browser) -> None:
    answer = act(visitor, "/test-page")
    assert 'data-trial="failed"' in answer.text
    assert "data-no-target" in answer.text


def test_a_test_alert_shows_the_refusal_of_the_target(visitor: Browser) -> None:
    target = {"new_relic": {"account_id": 1, "license_key": "license-key-marker"}}
    visitor.owner.patch("/settings", {"notify": target})
    answer = act(visitor, "/test-page")
    assert 'data-trial="failed"' in answer.text
    assert "license-key-marker" not in answer.text
