"""Logplex as guv must take it: batches, frames, repeats, attempts, and lines that are lost."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from fastapi import FastAPI, Request, Response

from guv.web_metrics.log_lines import split_frames
from sandbox.heroku.logplex import BATCH_BYTES, BUFFER, Logplex
from sandbox.heroku.model import LogDrain
from tests.api.serving import serving

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Drain:
    """Takes deliveries; answers with what is in `answers`, then with 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.taken: list[tuple[str, list[bytes]]] = []
        self.asked: list[Request] = []
        self.app = FastAPI()
        self.app.add_api_route("/drain", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        self.asked.append(request)
        status = self.answers.pop(0) if self.answers else 204
        lines = split_frames(await request.body())
        assert len(lines) == int(request.headers["logplex-msg-count"])
        if status == 204:
            self.taken.append((request.headers["logplex-frame-id"], lines))
        return Response(status_code=status)

    @property
    def lines(self) -> list[bytes]:
        return [line for _, lines in self.taken for line in lines]


@pytest.fixture
def drain() -> Drain:
    return Drain()


@pytest.fixture
def make(drain: Drain) -> Iterator[Callable[..., Logplex]]:
    made: list[Logplex] = []
    with serving(drain.app) as address:

        def logplex(repeat: float = 0.0) -> Logplex:
            url = f"{address.replace('//', '//logplex:secret@')}/drain"
            sender = Logplex(LogDrain(uuid4(), url, "d.token", NOW), repeat=repeat)
            made.append(sender)
            return sender

        yield logplex
        for sender in made:
            sender.close()


def test_lines_come_in_order_with_logplexs_headers(
    make: Callable[..., Logplex], drain: Drain
) -> None:
    logplex = make()
    for number in range(3):
        logplex.write(f"line {number} é\nmore", "router", NOW)
    logplex.flush(NOW)
    assert [line.split(b" ", 6)[6].decode() for line in drain.lines] == [
        f"line {number} é\nmore\n" for number in range(3)
    ]
    headers = drain.asked[0].headers
    assert headers["content-type"] == "application/logplex-1"
    assert headers["logplex-drain-token"] == "d.token"
    assert headers["authorization"].startswith("Basic ")


def test_a_delivery_of_log_lines_is_bounded(make: Callable[..., Logplex], drain: Drain) -> None:
    logplex = make()
    for _ in range(60):
        logplex.write("x" * 9000, "web.1", NOW)
    logplex.flush(NOW)
    assert all(sum(map(len, lines)) <= BATCH_BYTES for _, lines in drain.taken)
    assert len(drain.lines) == 60


def test_what_is_to_be_sent_again_is_tried_three_times(
    make: Callable[..., Logplex], drain: Drain
) -> None:
    logplex = make()
    drain.answers = [503, 429]
    logplex.write("first", "router", NOW)
    logplex.flush(NOW)
    assert (len(drain.asked), len({frame for frame, _ in drain.taken})) == (3, 1)
    drain.answers = [503, 503, 503]
    logplex.write("second", "router", NOW)
    logplex.flush(NOW)
    assert b"Error L10 (output buffer overflow): 1 messages dropped" in drain.lines[-1]
    assert logplex.sent.dropped == 1


def test_what_is_refused_for_good_is_not_sent_again(
    make: Callable[..., Logplex], drain: Drain
) -> None:
    logplex = make()
    drain.answers = [403]
    logplex.write("x", "router", NOW)
    logplex.flush(NOW)
    assert (len(drain.asked), drain.taken) == (1, [])


def test_repeated_deliveries_have_the_same_frame_id(
    make: Callable[..., Logplex], drain: Drain
) -> None:
    logplex = make(repeat=1.0)
    logplex.write("x", "router", NOW)
    logplex.flush(NOW)
    assert len(drain.taken) == 2
    assert drain.taken[0] == drain.taken[1]


def test_a_buffer_that_is_full_loses_lines_and_says_how_many(
    make: Callable[..., Logplex], drain: Drain
) -> None:
    logplex = make()
    for _ in range(BUFFER + 7):
        logplex.write("x", "router", NOW)
    logplex.flush(NOW)
    assert b": 7 messages dropped since" in drain.lines[0]
    assert len(drain.lines) == BUFFER + 1
