"""Pages of API keys and of the change log."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from guv.tenants.models import ApiKey
from tests.api.callers import TenantCaller
from tests.api.dashboard.browser import Browser
from tests.api.dashboard.test_overview import text_of
from tests.builders import NOON, a_key

PAGE = "/dashboard/keys"


def key_in(page: Any) -> str:
    before, _, rest = page.text.partition('id="new-key" aria-label="New API key">')
    assert before != page.text
    key: str = rest.partition("</pre>")[0]
    return key


def opens(visitor: Browser, key: str) -> int:
    caller = TenantCaller(visitor.client, key, visitor.owner.tenant, visitor.owner.app)
    return caller.get("/apps").status_code


def test_a_new_key_is_shown_once_and_opens_the_api(visitor: Browser) -> None:
    made = visitor.send(PAGE, PAGE, name="notebook", scope="read")
    assert made.headers["cache-control"] == "no-store"
    key = key_in(made)
    assert opens(visitor, key) == 200
    later = visitor.get(PAGE).text
    assert "notebook" in later
    assert key not in later


def test_a_key_is_replaced_and_the_old_one_ends(visitor: Browser, session: Session) -> None:
    row = session.exec(select(ApiKey)).one()
    fresh = key_in(visitor.send(PAGE, f"{PAGE}/{row.id}/rotate", hours="0"))
    assert (opens(visitor, visitor.owner.key), opens(visitor, fresh)) == (401, 200)


def test_a_key_is_revoked_at_once(visitor: Browser, session: Session) -> None:
    row = session.exec(select(ApiKey)).one()
    answer = visitor.send(PAGE, f"{PAGE}/{row.id}/revoke")
    assert answer.headers["location"] == f"{PAGE}?done=revoked"
    assert opens(visitor, visitor.owner.key) == 401
    assert "data-empty" in visitor.get(PAGE).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "", "scope": "read"}, "at least 1 character"),
        ({"name": "x" * 61, "scope": "read"}, "at most 60 characters"),
        ({"name": "x", "scope": "root"}, "must be"),
    ],
)
def test_an_invalid_api_key_is_refused(visitor: Browser, sent: dict[str, str], said: str) -> None:
    answer = visitor.send(PAGE, PAGE, **sent)
    assert (answer.status_code, said in answer.text) == (422, True)


@pytest.mark.parametrize("hours", ["-1", "721", "soon"])
def test_a_replaced_key_expires_within_a_month(
    visitor: Browser, session: Session, hours: str
) -> None:
    row = session.exec(select(ApiKey)).one()
    answer = visitor.send(PAGE, f"{PAGE}/{row.id}/rotate", hours=hours)
    assert answer.status_code == 422
    assert opens(visitor, visitor.owner.key) == 200


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_another_tenants_key_is_not_found(
    visitor: Browser, new_browser: Any, session: Session, action: str
) -> None:
    other = new_browser()
    a_key(session, other.owner.tenant.id, "theirs", NOON)
    session.commit()
    theirs = session.exec(select(ApiKey).where(ApiKey.name == "theirs")).one().id
    for key in (theirs, uuid4()):
        sent = {"csrf": visitor.csrf(), "hours": "0"}
        assert visitor.post(f"{PAGE}/{key}/{action}", sent).status_code == 404
    assert opens(other, other.owner.key) == 200


def test_the_change_log_says_who_changed_what(visitor: Browser) -> None:
    owner = visitor.owner
    owner.put("/settings", {"maximum_dynos": 20})
    owner.put(owner.role_path(), {"target_deadline": 90})
    shown = text_of(visitor.get("/dashboard/changes").text)
    assert f"worker of {owner.app.name} by key GUV_URL" in shown
    assert "target_deadline not set → 90.0" in shown
    assert "all apps by key GUV_URL" in shown


def test_the_change_log_has_further_pages(visitor: Browser) -> None:
    for number in range(52):
        visitor.owner.put("/settings", {"maximum_dynos": 10 + number})
    first = visitor.get("/dashboard/changes").text
    link = first.partition('href="/dashboard/changes?before=')[2].partition('"')[0]
    older = visitor.get(f"/dashboard/changes?before={link}").text
    assert "not set</span> → <code>10" in older
    assert "not set</span> → <code>10" not in first


def test_a_made_up_cursor_of_the_change_log_is_refused(visitor: Browser) -> None:
    assert visitor.get("/dashboard/changes?before=x").status_code in {400, 422}


def test_a_removed_role_in_the_change_log_has_no_link(visitor: Browser) -> None:
    owner = visitor.owner
    owner.put(owner.role_path(), {"target_deadline": 90})
    owner.delete(owner.role_path())
    page = visitor.get("/dashboard/changes").text
    assert f"worker of {owner.app.name} by key GUV_URL" in text_of(page)
    assert "role worker → removed" in text_of(page)
    assert "/roles/worker" not in page
