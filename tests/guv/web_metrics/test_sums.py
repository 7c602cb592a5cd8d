"""Sums of requests by ten seconds and dyno."""

from guv.web_metrics.log_lines import DynoChange, Event, Lost, Request, Scaled
from guv.web_metrics.sums import add_up

NOW = 1_795_608_009.5
START = 1_795_608_000


def request(at: float = NOW, **values: object) -> Request:
    given: dict[str, object] = {
        "dyno": "web.1", "status": 200, "error": "", "connect": 0.001, "service": 0.1,
    }  # fmt: skip
    return Request(at=at, **{**given, **values})  # type: ignore[arg-type]


def test_requests_are_added_up_by_ten_seconds_and_dyno() -> None:
    events: list[Event | None] = [
        request(),
        request(START, service=0.3),
        request(dyno="web.2"),
        request(START - 1, status=500),
        None,
    ]
    places = add_up(events, NOW).places
    assert {place: sums.requests for place, sums in places.items()} == {
        (START, "web.1"): 2,
        (START, "web.2"): 1,
        (START - 10, "web.1"): 1,
    }
    assert places[START, "web.1"].service_seconds == 0.4
    assert places[START, "web.1"].service == {0.1: 1, 0.3: 1}
    assert places[START - 10, "web.1"].statuses == {"5": 1}


def test_a_request_without_a_dyno_counts_for_the_app_and_has_no_times() -> None:
    events = [request(dyno="", status=503, error="H10", connect=None, service=None)]
    total = add_up(events, NOW).places[START, ""]
    assert (total.requests, total.errors, total.service) == (1, {"H10": 1}, {})


def test_a_websocket_is_a_request_whose_time_says_nothing() -> None:
    total = add_up([request(status=101, service=3600.0)], NOW).places[START, "web.1"]
    assert (total.requests, total.service_seconds, total.service) == (1, 0.0, {})


def test_lost_lines_changes_and_scalings_are_kept() -> None:
    change, scaled = DynoChange(NOW, "web.1", "starting", "up"), Scaled(NOW, {"web": 2})
    sums = add_up([Lost(NOW, 5), Lost(NOW, 7), change, scaled], NOW)
    assert sums.places[START, ""].lost == 12
    assert (sums.changes, sums.scalings) == ([change], [scaled])


def test_log_lines_from_another_time_are_not_summed() -> None:
    assert add_up([request(NOW - 1000), request(NOW + 100)], NOW).places == {}
