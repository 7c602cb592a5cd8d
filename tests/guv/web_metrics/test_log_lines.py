"""Parsing of the log lines of Heroku's router and dynos."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.web_metrics.log_lines import DynoChange, Event, Lost, Request, Scaled, is_wanted, read_line

NOON = 1_795_608_000.0
TIME = "2026-11-25T12:00:00"
ROUTER_2 = (
    'at=info method=GET path="/" host=a.example request_id=6d0f fwd="1.2.3.4" dyno=web.1'
    " connect=1ms service=459ms status=200 bytes=15225 protocol=http1.1 tls=true tls_version=tls1.3"
)


def line(source: str, process: str, message: str, time: str = f"{TIME}.000000+00:00") -> bytes:
    return f"<158>1 {time} host {source} {process} - {message}\n".encode()


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        (ROUTER_2, Request(NOON, "web.1", 200, "", 0.001, 0.459)),
        (
            (
                'at=info method=POST path="/a b?dyno=web.9 service=1ms" host=x request_id=r fwd="1"'
                " dyno=web.2 connect=0ms service=18ms status=201 bytes=9 protocol=https"
            ),
            Request(NOON, "web.2", 201, "", 0.0, 0.018),
        ),
        (
            (
                'at=error code=H12 desc="Request timeout" method=GET path="/" host=x request_id=r'
                ' fwd="1" dyno=web.1 connect=0ms service=30000ms status=503 bytes=0 protocol=https'
            ),
            Request(NOON, "web.1", 503, "H12", 0.0, 30.0),
        ),
        (
            (
                'at=error code=H10 desc="App crashed" method=GET path="/" host=x fwd="1"'
                " dyno= connect= service= status=503 bytes= protocol=https"
            ),
            Request(NOON, "", 503, "H10", None, None),
        ),
        (
            'at=info path="/" dyno=web-5d9f6c8b7-abcde connect=2ms service=7ms status=200',
            Request(NOON, "web-5d9f6c8b7-abcde", 200, "", 0.002, 0.007),
        ),
    ],
)
def test_a_router_log_line_is_read_by_its_keys(message: str, request_: Request) -> None:
    assert read_line(line("heroku", "router", message)) == request_


def test_a_path_in_a_log_line_cannot_forge_a_dyno() -> None:
    message = r'path="/\" dyno=web.9 service=9ms status=500 \"" dyno=web.1 service=1ms status=200'
    event = read_line(line("heroku", "router", message))
    assert event == Request(NOON, "web.1", 200, "", None, 0.001)


@pytest.mark.parametrize("time", [f"{TIME}+00:00", f"{TIME}.000000+00:00", "2026-11-25T12:00:00Z"])
def test_log_line_times_may_be_whole_seconds(time: str) -> None:
    event = read_line(line("heroku", "router", ROUTER_2, time))
    assert isinstance(event, Request)
    assert event.at == NOON


def test_structured_data_that_is_nil_is_accepted() -> None:
    event = read_line(line("heroku", "web.1", "- State changed from starting to up"))
    assert event == DynoChange(NOON, "web.1", "starting", "up")


def test_a_dyno_state_change_is_read_from_its_log_line() -> None:
    event = read_line(line("heroku", "worker.12", "State changed from up to crashed"))
    assert event == DynoChange(NOON, "worker.12", "up", "crashed")


def test_a_scaling_log_line_names_all_its_process_types() -> None:
    text = "Scaled to web@2:Standard-1X worker@10:Standard-2X release@0:Standard-1X by user a@b.c"
    event = read_line(line("app", "api", text))
    assert event == Scaled(NOON, {"web": 2, "worker": 10, "release": 0})


def test_lost_log_lines_are_counted() -> None:
    text = "Error L10 (output buffer overflow): 491 messages dropped since 2026-11-25T11:59:00"
    assert read_line(line("heroku", "logplex", text)) == Lost(NOON, 491)


@pytest.mark.parametrize(
    "text", ["", "x", "<1>1 yesterday host heroku router - status=200 service=1ms", "<1>1 a b c d"]
)
def test_an_unreadable_log_line_is_ignored(text: str) -> None:
    assert read_line(text.encode()) is None


def test_an_apps_own_log_lines_are_neither_kept_nor_read() -> None:
    own = line("app", "web.1", ROUTER_2)
    forged = line("app", "api", "heroku router status=200 service=1ms")
    assert not is_wanted(own)
    assert not is_wanted(forged)
    assert read_line(own) is None
    assert is_wanted(line("heroku", "router", ROUTER_2))
    assert is_wanted(line("app", "api", "Scaled to web@2:Basic by user a@b.c"))
    assert not is_wanted(line("heroku", "web.1", "source=web.1 dyno=x sample#load_avg_1m=0.1"))


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_as_log_lines_without_an_error(text: bytes) -> None:
    router = b"<1>1 2026-11-25T12:00:00+00:00 host heroku router - " + text
    scaling = b"<1>1 2026-11-25T12:00:00+00:00 host app api - Scaled to " + text
    assert is_wanted(text) in {True, False}
    assert isinstance(read_line(router), Request | None)
    assert isinstance(read_line(scaling), Scaled | None)
    assert isinstance(read_line(text), Event | None)
