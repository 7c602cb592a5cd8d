"""What did each dyno do in ten seconds? Requests, statuses, errors and times, added up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from guv.web_metrics.log_lines import DynoChange, Event, Lost, Request, Scaled

SPAN_S = 10  # of one sum
OLDEST_S = 900.0  # a line that is older says nothing about the present
NEWEST_S = 60.0  # by which Heroku's clocks may be ahead of ours
UPGRADED = 101  # a WebSocket lives for as long as it likes
WHOLE_APP = ""

Place = tuple[int, str]  # when the ten seconds begin, Unix seconds; which dyno


@dataclass(slots=True)
class Sum:
    """What one dyno did in ten seconds.

    Attributes:
        requests: How many it answered, or did not.
        lost: Lines that never came.
        service_seconds: Seconds that it took for all of them.
        statuses: Requests by the first digit of the status.
        errors: Requests by the router's error code.
        service: Requests by the seconds they took.
        connect: Requests by the seconds until it took the connection.
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
    """What lines say together.

    Attributes:
        places: The sums by ten seconds and dyno.
        changes: Dynos that went from one state to another.
        scalings: Quantities that were asked for.
    """

    places: dict[Place, Sum] = field(default_factory=dict)
    changes: list[DynoChange] = field(default_factory=list)
    scalings: list[Scaled] = field(default_factory=list)

    def at(self, at: float, dyno: str) -> Sum:
        """The sum that this instant of the dyno belongs to."""
        return self.places.setdefault((int(at // SPAN_S) * SPAN_S, dyno), Sum())


def add_up(events: Iterable[Event | None], now: float) -> Sums:
    """The sums of the events; those from another time than the present are left out.

    Args:
        events: From the lines; None: a line that says nothing.
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
