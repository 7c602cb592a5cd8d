"""Sums of log events over ten seconds and a dyno: requests, statuses, errors and times."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from guv.web_metrics.log_lines import DynoChange, Event, Lost, Request, Scaled

SPAN_S = 10  # of a sum
OLDEST_S = 900.0  # age of a line, above which it is dropped
NEWEST_S = 60.0  # by which Heroku's clocks may be ahead of ours
UPGRADED = 101  # status of a WebSocket, whose duration says nothing
WHOLE_APP = ""

Place = tuple[int, str]  # start of the ten seconds in Unix seconds, and the dyno


@dataclass(slots=True)
class Sum:
    """Events of one dyno in ten seconds.

    Attributes:
        requests: Requests, answered or not.
        lost: Lost log lines.
        service_seconds: Total service time.
        statuses: Requests by the first digit of the status.
        errors: Requests by the router's error code.
        service: Requests by their service time.
        connect: Requests by the time until the dyno accepted the connection.
    """

    requests: int = 0
    lost: int = 0
    service_seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    service: Counter[float] = field(default_factory=Counter)
    connect: Counter[float] = field(default_factory=Counter)


@dataclass(slots=True)
class Sums:
    """Sums of log events.

    Attributes:
        places: Sums by ten seconds and dyno.
        changes: Dynos that changed state.
        scalings: Requested quantities.
    """

    places: dict[Place, Sum] = field(default_factory=dict)
    changes: list[DynoChange] = field(default_factory=list)
    scalings: list[Scaled] = field(default_factory=list)

    def at(self, at: float, dyno: str) -> Sum:
        """Return the sum for a time and a dyno."""
        return self.places.setdefault((int(at // SPAN_S) * SPAN_S, dyno), Sum())


def add_up(events: Iterable[Event | None], now: float) -> Sums:
    """Add events up; those far from the present are dropped.

    Args:
        events: From log lines; None: a line without an event.
        now: Unix seconds.
    """
    sums = Sums()
    for event in events:
        if event is None or not now - OLDEST_S <= event.at <= now + NEWEST_S:
            continue
        if isinstance(event, Request):
            _add_request(sums.at(event.at, event.dyno), event)
        elif isinstance(event, Lost):
            sums.at(event.at, WHOLE_APP).lost += event.count
        elif isinstance(event, DynoChange):
            sums.changes.append(event)
        else:
            sums.scalings.append(event)
    return sums


def _add_request(total: Sum, request: Request) -> None:
    total.requests += 1
    if request.status:
        total.statuses[str(request.status)[0]] += 1
    if request.error:
        total.errors[request.error] += 1
    if request.service is None or request.status == UPGRADED:
        return
    total.service[request.service] += 1
    total.service_seconds += request.service
    if request.connect is not None:
        total.connect[request.connect] += 1
