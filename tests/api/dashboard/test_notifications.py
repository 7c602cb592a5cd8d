"""Page of notification targets at each level; secrets go in and never come out."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import Session, select

from guv.crypto import Sealer
from guv.settings.models import SettingsChange, SettingsLevel
from sandbox.server import Sandbox
from tests.api.callers import stored_target
from tests.api.dashboard.browser import Browser, forms_of
from tests.api.dashboard.test_overview import text_of

KEY = "license-key-marker"
SECRET = "whsec_d2ViaG9vay1zZWNyZXQtbWFya2VyLTI0"
URL = "https://hooks.example.com/services/url-marker"
NEW_RELIC = {"notify.new_relic.account_id": "42", "notify.new_relic.license_key": KEY}
WEBHOOK = {"notify.webhook.url": URL, "notify.webhook.secret": SECRET}
LEVELS = ("global", "app", "role")


@pytest.fixture
def visitor(visitor: Browser) -> Browser:
    """One whose app has a role."""
    assert visitor.owner.put(visitor.owner.role_path(), {}).status_code == 201
    return visitor


def page(visitor: Browser, level: str) -> str:
    app = f"/dashboard/apps/{visitor.owner.app.name}"
    owner = {"global": "/dashboard", "app": app, "role": f"{app}/roles/worker"}[level]
    return f"{owner}/notifications"


def save(visitor: Browser, level: str, values: Mapping[str, Any]) -> Any:
    where = page(visitor, level)
    return visitor.send(where, where, **values)


def press(visitor: Browser, level: str, button: str) -> Any:
    where = page(visitor, level)
    return visitor.send(where, f"{where}/{button}")


def form_of(answer: Any, action: str) -> dict[str, str]:
    return dict(forms_of(answer))[action]


@pytest.mark.parametrize("level", LEVELS)
def test_notification_targets_are_set_shown_without_secrets_and_removed(
    visitor: Browser, session: Session, sealer: Sealer, level: str
) -> None:
    answer = save(visitor, level, {**NEW_RELIC, **WEBHOOK, "notify.new_relic.region": "eu"})
    assert answer.headers["location"] == f"{page(visitor, level)}?done=saved"
    target = stored_target(visitor.owner, session, sealer)
    assert target["webhook"] == {"url": URL, "secret": SECRET}
    assert (target["new_relic"]["account_id"], target["new_relic"]["region"]) == (42, "eu")
    assert target["new_relic"]["license_key"] == KEY
    shown = visitor.get(page(visitor, level))
    assert "New Relic account 42 and the webhook https://hooks.example.com/" in text_of(shown.text)
    assert [one for one in (KEY, "url-marker", SECRET) if one in shown.text] == []
    assert session.exec(select(SettingsChange)).all()[-1].by == "owner@example.com"
    assert press(visitor, level, "inherit").headers["location"].endswith("?done=removed")
    assert stored_target(visitor.owner, session, sealer) is None


def test_a_change_of_targets_keeps_secrets_that_were_not_typed(
    visitor: Browser, session: Session, sealer: Sealer
) -> None:
    save(visitor, "app", {**NEW_RELIC, **WEBHOOK})
    beat = {"notify.new_relic.priority": "low", "notify.new_relic.heartbeat": "yes"}
    assert save(visitor, "app", beat).status_code == 303
    target = stored_target(visitor.owner, session, sealer)
    assert target["webhook"] == {"url": URL, "secret": SECRET}
    wanted = {"priority": "low", "heartbeat": True, "license_key": KEY, "account_id": 42}
    assert {name: target["new_relic"][name] for name in wanted} == wanted
    assert "SELECT max(secondsLate)" in visitor.get(page(visitor, "app")).text
    save(visitor, "app", {"notify.webhook.url": "https://other.example.com/x"})
    target = stored_target(visitor.owner, session, sealer)
    assert target["webhook"] == {"url": "https://other.example.com/x", "secret": SECRET}


def test_one_kind_of_target_is_removed_and_the_other_stays(
    visitor: Browser, session: Session, sealer: Sealer
) -> None:
    save(visitor, "role", {**NEW_RELIC, **WEBHOOK})
    save(visitor, "role", {"remove.new_relic": "yes"})
    assert stored_target(visitor.owner, session, sealer) == {
        "webhook": {"url": URL, "secret": SECRET}
    }
    save(visitor, "role", {"remove.webhook": "yes"})
    assert stored_target(visitor.owner, session, sealer) is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"notify.new_relic.account_id": "42"}, "new_relic.license_key"),
        ({**NEW_RELIC, "notify.new_relic.account_id": ""}, "new_relic.account_id"),
        ({**NEW_RELIC, "notify.new_relic.account_id": "x"}, "new_relic.account_id"),
        ({**NEW_RELIC, "notify.new_relic.account_id": "9" * 5000}, "new_relic.account_id"),
        ({**NEW_RELIC, "notify.new_relic.region": "mars"}, "new_relic.region"),
        ({**NEW_RELIC, "notify.new_relic.license_key": "x"}, "new_relic.license_key"),
        ({"notify.new_relic.region": "eu"}, "new_relic.account_id"),
        ({"notify.webhook.url": URL}, "webhook.secret"),
        ({**WEBHOOK, "notify.webhook.url": "http://x.example.com"}, "webhook.url"),
        ({**WEBHOOK, "notify.webhook.secret": "x"}, "webhook.secret"),
        ({**WEBHOOK, "notify.webhook.secret": "[masked]"}, "webhook.secret"),
    ],
)
def test_an_invalid_target_is_refused_at_its_field_and_nothing_is_saved(
    visitor: Browser, session: Session, sent: dict[str, str], field: str
) -> None:
    before = len(session.exec(select(SettingsChange)).all())
    answer = save(visitor, "app", sent)
    assert answer.status_code == 422
    assert f'id="notify.{field}-fault"' in answer.text
    assert [secret for secret in (KEY, "url-marker", SECRET) if secret in answer.text] == []
    session.expire_all()
    assert len(session.exec(select(SettingsChange)).all()) == before


def test_an_empty_form_of_targets_is_refused(visitor: Browser) -> None:
    answer = save(visitor, "app", {})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_refused_form_of_targets_keeps_all_texts_and_secrets(
    visitor: Browser, session: Session, sealer: Sealer
) -> None:
    where = page(visitor, "global")
    sent = {**NEW_RELIC, **WEBHOOK, "notify.new_relic.region": "jp"}
    answer = save(visitor, "global", {**sent, "notify.new_relic.account_id": "forty-two"})
    again = form_of(answer, where)
    assert again["notify.new_relic.account_id"] == "forty-two"
    assert again["notify.new_relic.region"] == "jp"
    mended = {**again, "notify.new_relic.account_id": "42"}
    assert visitor.post(where, mended).status_code == 303
    target = stored_target(visitor.owner, session, sealer)
    assert (target["new_relic"]["license_key"], target["new_relic"]["region"]) == (KEY, "jp")
    assert target["webhook"] == {"url": URL, "secret": SECRET}


@pytest.mark.parametrize("sealed", ["no-seal", "another-tenants", "another-fields", "of-the-rows"])
def test_a_sealed_secret_is_taken_only_where_it_was_typed(
    visitor: Browser, session: Session, sealer: Sealer, sealed: str
) -> None:
    where, name = page(visitor, "global"), "kept.notify.webhook.secret"
    answer = save(visitor, "global", {**NEW_RELIC, **WEBHOOK, "notify.new_relic.account_id": "x"})
    kept = form_of(answer, where)
    other = sealer.seal(f'{{"typed": "{SECRET}", "for": ["a-tenant", "notify.webhook.secret"]}}')
    wrong = {
        "no-seal": "gAAAA-no-seal",
        "another-tenants": other.decode(),
        "another-fields": kept["kept.notify.new_relic.license_key"],
        "of-the-rows": sealer.seal(f'"{SECRET}"').decode(),
    }[sealed]
    sent = {**kept, "notify.new_relic.account_id": "42", name: wrong}
    answer = visitor.post(where, sent)
    assert (answer.status_code, "notify.webhook.secret-fault" in answer.text) == (422, True)
    assert session.exec(select(SettingsLevel).where(SettingsLevel.level == "global")).all() == []


def test_inherited_targets_are_shown_and_can_be_turned_off(
    visitor: Browser, session: Session, sealer: Sealer
) -> None:
    save(visitor, "global", NEW_RELIC)
    shown = visitor.get(page(visitor, "role")).text
    assert "New Relic account 42, inherited from the global level" in text_of(shown)
    assert 'data-source="global"' in shown
    assert press(visitor, "app", "none").headers["location"].endswith("?done=silenced")
    assert stored_target(visitor.owner, session, sealer) is None
    assert 'data-source="app"' in visitor.get(page(visitor, "role")).text
    assert 'data-source="off"' in visitor.get(page(visitor, "app")).text
    press(visitor, "app", "inherit")
    assert stored_target(visitor.owner, session, sealer)["new_relic"]["account_id"] == 42


def test_targets_of_narrower_levels_are_linked(visitor: Browser) -> None:
    save(visitor, "global", NEW_RELIC)
    save(visitor, "role", WEBHOOK)
    for level in ("global", "app"):
        shown = visitor.get(page(visitor, level)).text
        assert f'href="{page(visitor, "role")}"' in shown
    assert f'href="{page(visitor, "role")}"' not in visitor.get(page(visitor, "role")).text


def test_targets_that_somebody_else_changed_are_not_overwritten_and_texts_stay(
    visitor: Browser,
) -> None:
    where = page(visitor, "app")
    opened = form_of(visitor.get(where), where)
    visitor.owner.patch(visitor.owner.app_path("/settings"), {"concurrency": 2})
    answer = visitor.post(where, {**opened, **NEW_RELIC})
    assert answer.status_code == 412
    assert form_of(answer, where)["notify.new_relic.account_id"] == "42"
    assert visitor.post(where, form_of(answer, where)).status_code == 303


@pytest.mark.parametrize("level", LEVELS)
def test_a_test_alert_is_delivered_or_shows_why_not(
    visitor: Browser, world: Sandbox, level: str
) -> None:
    world.new_relic.accounts["42"] = KEY
    save(visitor, level, NEW_RELIC)
    assert 'data-trial="ok"' in press(visitor, level, "test-page").text
    save(visitor, level, {"notify.new_relic.license_key": "a-wrong-key-marker"})
    refused = press(visitor, level, "test-page").text
    assert "New Relic rejects the license key (403)" in text_of(refused)
    assert "a-wrong-key-marker" not in refused


def test_a_test_alert_goes_to_the_inherited_target(visitor: Browser, world: Sandbox) -> None:
    world.new_relic.accounts["42"] = KEY
    save(visitor, "global", NEW_RELIC)
    assert 'data-trial="ok"' in press(visitor, "role", "test-page").text
    [page_] = [one for one in world.new_relic.incidents if one.account == "42"][-1:]
    assert (page_.title, page_.closed_at is None) == (
        f"Test alert of guv for role worker of {visitor.owner.app.name}",
        False,
    )


def test_notifications_of_an_unknown_app_or_role_are_not_found(visitor: Browser) -> None:
    app = f"/dashboard/apps/{visitor.owner.app.name}"
    assert visitor.get(f"{app}/roles/nobody/notifications").status_code == 404
    assert visitor.get("/dashboard/apps/nowhere/notifications").status_code == 404
    assert visitor.get(f"{app}/roles/a%20b/notifications").status_code == 422
