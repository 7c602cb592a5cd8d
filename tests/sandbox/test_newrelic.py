"""Collector that accepts, drops and joins events as New Relic documents it."""

import gzip
import json
from typing import Any

import httpx
import pytest

from sandbox.newrelic import NewRelic, what_is_wrong
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.sandbox.conftest import MovedClock

ALARM = {
    "eventType": "NrAiIncidentExternal",
    "state": "trigger",
    "title": "shop/worker cannot keep its deadline",
    "source": "guv",
    "priority": "critical",
    "aggregationTag.guvRole": "shop/worker",
}


@pytest.fixture
def new_relic(sandbox: Sandbox) -> NewRelic:
    sandbox.new_relic.accounts["1234"] = "license-key"
    return sandbox.new_relic


def post(sandbox: Sandbox, events: Any, **headers: str) -> httpx.Response:
    body = gzip.compress(json.dumps(events).encode())
    usual = {"Api-Key": "license-key", "Content-Encoding": "gzip"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{sandbox.url}/v1/accounts/1234/events"
    return httpx.post(url, content=body, headers=usual | given)


@pytest.mark.usefixtures("new_relic")
def test_events_are_stored_with_their_account_and_time(sandbox: Sandbox, clock: MovedClock) -> None:
    stamp = int(clock.now.timestamp()) - 5
    answer = post(sandbox, [{"eventType": "GuvScaled", "dynos": 3, "timestamp": stamp}])
    [event] = sandbox.new_relic.events
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert (event.account, event.attributes["dynos"]) == ("1234", 3)
    assert (clock.now - event.at).total_seconds() == 5


def test_a_timestamp_may_be_in_milliseconds(
    sandbox: Sandbox, new_relic: NewRelic, clock: MovedClock
) -> None:
    post(sandbox, [{"eventType": "A", "timestamp": int(clock.now.timestamp() * 1000) - 250}])
    assert (clock.now - new_relic.events[0].at).total_seconds() == 0.25


@pytest.mark.usefixtures("new_relic")
@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_license_key_is_refused(sandbox: Sandbox, key: str) -> None:
    assert post(sandbox, [{"eventType": "A"}], Api_Key=key).status_code == 403


def test_an_unknown_account_is_refused(sandbox: Sandbox) -> None:
    assert post(sandbox, [{"eventType": "A"}]).status_code == 403


@pytest.mark.usefixtures("new_relic")
def test_plain_json_is_accepted_too(sandbox: Sandbox) -> None:
    answer = httpx.post(
        f"{sandbox.url}/v1/accounts/1234/events",
        json=[{"eventType": "A"}],
        headers={"Api-Key": "license-key"},
    )
    assert answer.status_code == 200
    assert len(sandbox.new_relic.events) == 1


@pytest.mark.usefixtures("new_relic")
@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [(b"", "identity", 400), (b"x" * 1_000_001, "identity", 413), (b"[]", "br", 415)],
)
def test_what_cannot_be_accepted_is_refused(
    sandbox: Sandbox, content: bytes, encoding: str, status: int
) -> None:
    headers = {"Api-Key": "license-key", "Content-Encoding": encoding}
    url = f"{sandbox.url}/v1/accounts/1234/events"
    assert httpx.post(url, content=content, headers=headers).status_code == status


def test_what_is_no_event_is_accepted_and_dropped_with_the_reason(
    sandbox: Sandbox, new_relic: NewRelic
) -> None:
    answer = post(sandbox, [{"eventType": "A", "ok": True}, {"eventType": "B"}, "text"])
    assert answer.status_code == 200
    assert [event.attributes["eventType"] for event in new_relic.events] == ["B"]
    assert [error.reason for error in new_relic.errors] == [
        "attribute ok is neither text nor number",
        "not an object",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eventType": "has space"}, "eventType"),
        ({"eventType": None}, "eventType"),
        ({"a": None}, "neither text nor number"),
        ({"a": {"b": 1}}, "neither text nor number"),
        ({"a": "x" * 4097}, "longer than 4096"),
        ({"n" * 256: 1}, "longer than 255"),
        ({f"a{number}": 1 for number in range(256)}, "more than 255"),
        ({"timestamp": 1_000_000_000}, "24 hours"),
        ({"state": "fired"}, "neither trigger nor resolve"),
        ({"aggregationTag.guvRole": 1, "title": ""}, "needs a title"),
        ({"source": ""}, "needs a source"),
    ],
)
def test_every_limit_has_its_reason(clock: MovedClock, change: dict[str, Any], reason: str) -> None:
    assert reason in str(what_is_wrong({**ALARM, **change}, clock.now))


def test_an_incident_without_tags_is_dropped(clock: MovedClock) -> None:
    event = {name: value for name, value in ALARM.items() if not name.startswith("aggregation")}
    assert what_is_wrong(event, clock.now) == "an incident needs at least one aggregationTag"


def test_an_event_within_the_limits_is_kept(clock: MovedClock) -> None:
    assert what_is_wrong(ALARM, clock.now) is None


def test_an_incident_opens_once_and_closes_by_its_tags(
    sandbox: Sandbox, new_relic: NewRelic, clock: MovedClock
) -> None:
    post(sandbox, [ALARM])
    opened_at = clock.now
    clock.pass_by(60)
    post(sandbox, [ALARM])
    clock.pass_by(60)
    post(sandbox, [{**ALARM, "state": "resolve", "title": ""}])
    [incident] = new_relic.incidents
    assert (incident.opened_at, incident.closed_at) == (opened_at, clock.now)
    assert (incident.triggers, incident.priority, incident.source) == (2, "critical", "guv")
    assert new_relic.open_incidents() == []


def test_other_tags_are_another_incident(sandbox: Sandbox, new_relic: NewRelic) -> None:
    post(sandbox, [ALARM, {**ALARM, "aggregationTag.guvRole": "shop/mailer"}])
    assert len(new_relic.open_incidents()) == 2


def test_a_resolve_without_an_incident_opens_none(sandbox: Sandbox, new_relic: NewRelic) -> None:
    post(sandbox, [{**ALARM, "state": "resolve"}])
    assert new_relic.incidents == []


def test_an_incident_that_comes_back_is_a_new_one(sandbox: Sandbox, new_relic: NewRelic) -> None:
    post(sandbox, [ALARM, {**ALARM, "state": "resolve"}, ALARM])
    assert [incident.closed_at is None for incident in new_relic.incidents] == [False, True]


@pytest.mark.usefixtures("new_relic")
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_collector_stores_nothing(sandbox: Sandbox, status: int) -> None:
    sandbox.traffic.add_fault(Fault(path="/v1/accounts", status=status, calls=1))
    assert post(sandbox, [ALARM]).status_code == status
    assert sandbox.new_relic.events == []


@pytest.mark.usefixtures("new_relic")
def test_the_control_routes_show_events_and_incidents(
    sandbox: Sandbox, control: httpx.Client
) -> None:
    post(sandbox, [ALARM, {"eventType": "bad type"}])
    answer = control.get("/events").json()
    [incident] = control.get("/incidents").json()
    assert answer["events"][0]["attributes"]["title"] == ALARM["title"]
    assert "eventType" in answer["errors"][0]["reason"]
    assert (incident["title"], incident["closed_at"]) == (ALARM["title"], None)


def test_the_control_routes_make_accounts(sandbox: Sandbox, control: httpx.Client) -> None:
    control.put("/accounts/1234", json={"license_key": "license-key"})
    assert post(sandbox, [ALARM]).status_code == 200
