"""JSON logs and the masking of secrets in them."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from guv.logging import configure_logs, mask


@pytest.fixture
def start_logs() -> Iterator[Callable[[], None]]:
    """Start JSON logs on the stdout of the test and restore logging afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: configure_logs("INFO", json=True)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        "amqps://me:marker@duck.example/vhost",
        "amqps://marker@duck.example/vhost",
        "amqp://me:pa@ss@marker@duck.example/vhost",
        "amqp://me:pass/marker@duck.example/vhost",
        "http://me:pa'marker@duck.example",
        'see "redis://:marker@redis.example:6379", please',
        "Authorization: Bearer marker-0123456789",
        "authorization: basic bWFya2VyOm1hcmtlcg==marker",
        f"the key guv_marker{37 * 'x'} is wrong",
        "HRKU-marker-0123456789",
        "NRAK-MARKER0123456789",
        "gAAAAABmarker0123456789==",
        "0123456789abcdef0123456789abcdmarkerNRAL",
    ],
)
def test_secrets_of_known_shape_are_masked_in_logs(text: str) -> None:
    assert "marker" not in mask(text).lower()


@pytest.mark.parametrize(
    "text",
    [
        "queue 'jobs' in virtual host 'a/b'",
        "https://api.heroku.com/apps/shop/formation",
        "write to someone@example.com",
        "cannot_run_above_limit: Cannot run more than 10 Performance-M size dynos.",
        "set guv_authorization_retry to 60",
    ],
)
def test_text_without_secrets_is_logged_unmasked(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "name", ["password", "access_token", "Api-Key", "license_key", "Authorization", "client_secret"]
)
def test_a_log_value_with_a_secret_name_is_masked(
    name: str, start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    structlog.get_logger().info("asked", headers={name: "marker"}, **{name: "marker"})
    out = capsys.readouterr().out
    assert "[masked]" in out
    assert "marker" not in out


def test_secrets_are_masked_in_nested_log_values(
    start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    url = "amqp://me:marker@duck.example"
    structlog.get_logger().info("odd", a=[url], b={"c": (url,)}, d=ValueError(url), e=url.encode())
    out = capsys.readouterr().out
    assert out.count("[masked]") == 4
    assert "marker" not in out


def test_an_exceptions_text_is_masked_in_its_traceback(
    start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    try:
        int("amqp://me:marker@duck.example")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    line = lines(capsys)[0]
    assert "ValueError" in line["exception"]
    assert "marker" not in line["exception"]


def test_other_libraries_logs_have_the_same_form_and_masking(
    start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    logging.getLogger("pika.connection").warning("cannot reach %s", "amqp://me:marker@duck.example")
    line = lines(capsys)[0]
    assert line["event"] == "cannot reach amqp://[masked]@duck.example"
    assert (line["level"], line["logger"]) == ("warning", "pika.connection")


def test_outgoing_requests_are_not_logged_one_by_one(
    start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    logging.getLogger("httpx").info("HTTP Request: GET https://me:marker@duck.example")
    assert capsys.readouterr().out == ""


def test_numbers_stay_numbers_in_logs(
    start_logs: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    start_logs()
    structlog.get_logger().info("tick_done", dynos=3, milliseconds=1.5, error=None, is_up=True)
    line = lines(capsys)[0]
    values = (line["dynos"], line["milliseconds"], line["error"], line["is_up"])
    assert values == (3, 1.5, None, True)


FAULT = """
import threading
from guv.logging import configure_logs, tell_ends
configure_logs("INFO", json=True)
tell_ends()
def fail():
    raise KeyError("amqps://me:marker@duck.example/vhost")
{}
"""


@pytest.mark.parametrize("where", ["fail()", "threading.Thread(target=fail).start()"])
def test_a_fault_that_ends_a_process_or_a_thread_is_one_line_without_secrets(where: str) -> None:
    argv = [sys.executable, "-c", FAULT.format(where)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    [line] = done.stdout.splitlines()
    record = json.loads(line)
    assert (record["event"], done.stderr) == ("process_failed", "")
    assert "KeyError" in record["exception"]
    assert "marker" not in line
