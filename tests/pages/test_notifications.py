"""Refused forms of notification targets: faults marked and accessible."""

from playwright.sync_api import Page

from tests.pages.conftest import Site
from tests.pages.rules import broken_rules
from tests.pages.shots import picture


def test_a_refused_form_of_targets_marks_faults_and_is_accessible(
    visitor: Page, site: Site
) -> None:
    visitor.goto(site.path("/notifications"))
    visitor.get_by_label("Account ID").fill("forty-two")
    visitor.get_by_label("License key").fill("license-key-marker")
    visitor.get_by_label("Region").select_option("eu")
    visitor.get_by_label("URL").fill("http://hooks.example.com/url-marker")
    visitor.get_by_role("button", name="Save targets").click()
    visitor.get_by_role("alert").wait_for()
    faults = visitor.locator(".fault").all_inner_texts()
    assert [fault.split()[0] for fault in faults] == ["must", "must", "is"]
    assert visitor.get_by_text("Kept from your last attempt").count() == 1
    assert visitor.get_by_label("Region").input_value() == "eu"
    assert "marker" not in visitor.content()
    assert picture(visitor, "notifications-refused") == []
    assert broken_rules(visitor) == []
