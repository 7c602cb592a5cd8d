"""A role's settings in a form: looked at before they are saved, and nobody's work is lost."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import Response

from api.dashboard.forms.role_fields import FIELDS
from guv.settings.schema import SettingsValues
from tests.api.dashboard.browser import Browser, forms_of


def form_on(shown: Response, page: str) -> dict[str, str]:
    """The settings form of a page; of several the last."""
    return [fields for where, fields in forms_of(shown) if where == f"{page}/settings"][-1]


def sent(visitor: Browser, page: str, do: str = "preview", **typed: str) -> Response:
    """The answer to the role's form with that typed into it."""
    return visitor.send(page, f"{page}/settings", do=do, **typed)


def settings(visitor: Browser) -> Mapping[str, Any]:
    answer = visitor.owner.get(visitor.owner.role_path()).json()
    found: Mapping[str, Any] = answer["settings"]
    return found


def save(visitor: Browser, page: str, **typed: str) -> None:
    """Looks at the change, then saves it with the preview's own button."""
    preview = sent(visitor, page, **typed)
    assert preview.status_code == 200, preview.text
    fields = forms_of(preview)[1][1]
    answer = visitor.post(f"{page}/settings", {**fields, "do": "save"})
    assert answer.status_code == 303, answer.text


def test_the_settings_form_shows_own_and_inherited_values_with_their_source(
    visitor: Browser, page: str
) -> None:
    visitor.owner.patch("/settings", {"target_deadline": 90.0})
    shown = visitor.get(page)
    fields = form_on(shown, page)
    assert (fields["maximum_dynos"], fields["was-maximum_dynos"]) == ("9", "9")
    assert fields["target_deadline"] == ""
    assert 'placeholder="90 s"' in shown.text
    assert "Inherits 90 s from global." in shown.text
    assert "Set here. Leave empty to inherit 5 dynos from default." in shown.text


def test_the_settings_form_names_settings_of_other_pages_with_their_source(
    visitor: Browser, page: str
) -> None:
    window = {"days": [0], "start": "08:00", "end": "09:00", "timezone": "UTC", "dynos": 3}
    visitor.owner.patch(visitor.owner.app_path("/settings"), {"schedules": [window]})
    visitor.owner.patch(visitor.owner.role_path(), {"pause": {"direction": "down"}})
    text = visitor.get(page).text
    assert "1 time window, from app" in text
    assert "scaling down paused, from role" in text
    assert f'<a href="{page}/notifications">Notifications</a></dt><dd>none, from default' in text


def test_the_parameters_of_the_policy_in_the_form_are_explained(
    visitor: Browser, page: str
) -> None:
    assert "<code>lowest</code>" not in visitor.get(page).text
    preview = sent(visitor, page, policy="band")
    assert "<code>lowest</code>: below this, dynos are removed" in preview.text
    assert "default 0.5)" in preview.text
    assert "default running)" in preview.text


def test_every_setting_has_a_field_or_a_page_of_its_own() -> None:
    elsewhere = {"schedules", "override", "pause", "notify"}
    assert set(SettingsValues.model_fields) - set(FIELDS) == elsewhere


def test_a_change_of_settings_is_previewed_before_it_is_saved(visitor: Browser, page: str) -> None:
    preview = sent(visitor, page, maximum_dynos="20")
    assert "9 dynos (from role)" in preview.text
    assert "20 dynos (from role)" in preview.text
    assert settings(visitor) == {"maximum_dynos": 9}
    save(visitor, page, maximum_dynos="20")
    assert settings(visitor) == {"maximum_dynos": 20}
    assert 'data-done="saved"' in visitor.get(page, saved="yes").text


def test_an_emptied_setting_inherits_again(visitor: Browser, page: str) -> None:
    save(visitor, page, maximum_dynos="")
    assert settings(visitor) == {}


def test_every_kind_of_settings_field_is_saved(visitor: Browser, page: str) -> None:
    save(
        visitor,
        page,
        maximum_dynos="9",
        target_deadline="12.5",
        queues="orders\r\nmails, late",
        policy="proportional",
        policy_parameters="target = 30\r\n",
        dry_run="yes",
        busy_protection="never",
        no_data="5 after 300",
        step_up="none",
        process_type="sidekiq",
    )
    assert settings(visitor) == {
        "maximum_dynos": 9,
        "target_deadline": 12.5,
        "queues": ["orders", "mails, late"],
        "policy": "proportional",
        "policy_parameters": {"target": 30},
        "dry_run": True,
        "busy_protection": "never",
        "no_data": {"after": 300, "dynos": 5},
        "step_up": "none",
        "process_type": "sidekiq",
    }
    fields = form_on(visitor.get(page), page)
    assert fields["no_data"] == "5 after 300"


def test_settings_without_a_field_stay_as_they_are(visitor: Browser, page: str) -> None:
    pause = {"direction": "down"}
    visitor.owner.patch(visitor.owner.role_path(), {"pause": pause})
    save(visitor, page, minimum_dynos="0")
    assert settings(visitor) == {"maximum_dynos": 9, "minimum_dynos": 0, "pause": pause}


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("maximum_dynos", "many", "a whole number"),
        ("maximum_dynos", "9.5", "a whole number"),
        ("maximum_dynos", "-1", "at least 0"),
        ("target_deadline", "0", "above 0 s"),
        ("target_deadline", "nan", "must be a number"),
        ("percentile", "10", "at least 50"),
        ("interval", "7", "multiple of 5"),
        ("no_data", "five", "hold, or a number of dynos"),
        ("no_data", "x after 300", "dynos"),
        ("policy_parameters", "target 10", "one line per parameter"),
        ("policy_parameters", "speed = 10", "is not a parameter"),
        ("dry_run", "perhaps", "true or false"),
        ("policy", "magic", "deadline"),
        ("queues", "a\na", "twice"),
        ("process_type", "no spaces", "letters, digits, - and _"),
    ],
)
def test_an_invalid_setting_is_marked_at_its_field_and_other_texts_stay(
    visitor: Browser, page: str, name: str, typed: str, said: str
) -> None:
    answer = sent(visitor, page, **{name: typed, "minimum_dynos": "2"})
    assert answer.status_code == 422
    place = answer.text.index(f'id="set-{name}-fault"')
    assert said in answer.text[place : place + 300]
    assert form_on(answer, page)["minimum_dynos"] == "2"
    assert 'aria-invalid="true"' in answer.text
    assert settings(visitor) == {"maximum_dynos": 9}


def test_contradicting_settings_are_refused_in_the_preview(visitor: Browser, page: str) -> None:
    answer = sent(visitor, page, minimum_dynos="10")
    assert answer.status_code == 422
    assert "it must be at most 9" in answer.text


def test_a_warning_in_the_preview_does_not_prevent_saving(visitor: Browser, page: str) -> None:
    preview = sent(visitor, page, target_deadline="5")
    assert "may not be met" in preview.text
    assert "Save settings anyway" in preview.text
    save(visitor, page, target_deadline="5")
    assert settings(visitor)["target_deadline"] == 5


def test_conflicting_changes_of_settings_are_combined_and_none_is_lost(
    visitor: Browser, page: str
) -> None:
    form = form_on(visitor.get(page), page)
    visitor.owner.patch(visitor.owner.role_path(), {"maximum_dynos": 30, "step_up": 3})
    for do in ("preview", "save"):
        answer = visitor.post(f"{page}/settings", {**form, "target_deadline": "45", "do": do})
        assert answer.status_code == 409
    assert "key GUV_URL" in answer.text
    assert "from 9 to 30" in answer.text
    assert settings(visitor) == {"maximum_dynos": 30, "step_up": 3}
    both = form_on(answer, page)
    assert (both["target_deadline"], both["maximum_dynos"], both["step_up"]) == ("45", "30", "3")
    saved = visitor.post(f"{page}/settings", {**both, "do": "save"})
    assert saved.status_code == 303
    assert settings(visitor) == {"maximum_dynos": 30, "step_up": 3, "target_deadline": 45}


def test_a_setting_that_both_changed_is_named_and_keeps_the_own_text(
    visitor: Browser, page: str
) -> None:
    form = form_on(visitor.get(page), page)
    visitor.owner.patch(visitor.owner.role_path(), {"maximum_dynos": 30})
    answer = visitor.post(f"{page}/settings", {**form, "maximum_dynos": "12", "do": "save"})
    assert "You both changed: Maximum." in answer.text
    assert form_on(answer, page)["maximum_dynos"] == "12"


def test_a_change_of_a_wider_level_is_a_conflict_of_settings_too(
    visitor: Browser, page: str
) -> None:
    form = form_on(visitor.get(page), page)
    visitor.owner.patch("/settings", {"maximum_dynos": 50})
    answer = visitor.post(f"{page}/settings", {**form, "minimum_dynos": "3", "do": "save"})
    assert answer.status_code == 409
    assert "global level" in answer.text


def test_saving_unchanged_settings_keeps_their_version(visitor: Browser, page: str) -> None:
    preview = sent(visitor, page)
    assert "data-unchanged" in preview.text
    version = visitor.owner.get(visitor.owner.role_path()).json()["version"]
    assert sent(visitor, page, do="save").status_code == 303
    assert visitor.owner.get(visitor.owner.role_path()).json()["version"] == version


def test_a_settings_form_without_the_csrf_token_changes_nothing(
    visitor: Browser, page: str
) -> None:
    form = form_on(visitor.get(page), page)
    answer = visitor.post(f"{page}/settings", {**form, "csrf": "x", "do": "save"})
    assert answer.status_code == 403


@pytest.mark.parametrize("opened", ["", "yesterday", "2026-11-25T12:00:00", "x" * 300])
def test_a_forged_settings_form_is_a_conflict_and_no_server_error(
    visitor: Browser, page: str, opened: str
) -> None:
    form = form_on(visitor.get(page), page)
    forged = {**form, "opened": opened, "version": '"x"', "minimum_dynos": "2", "do": "save"}
    assert visitor.post(f"{page}/settings", forged).status_code == 409


def test_a_change_of_settings_is_logged_under_the_persons_name(visitor: Browser, page: str) -> None:
    save(visitor, page, maximum_dynos="20")
    change = visitor.owner.get("/changes").json()["changes"][0]
    assert change["by"] == visitor.email
