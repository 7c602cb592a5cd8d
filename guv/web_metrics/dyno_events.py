"""Dyno starts and crashes of an app, from its log lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlmodel import Session, col

from guv.apps.models import App
from guv.web_metrics.models import DynoEvent

SLOWEST = timedelta(minutes=5)  # between a scaling and a dyno that it started
LOOP = 3  # crashes that are a loop, if they outnumber the starts


@dataclass(frozen=True, slots=True)
class Starts:
    """Starts and crashes of dynos in a time range.

    Attributes:
        ups: Dynos that came up.
        crashes: Dynos that crashed.
        delay: Median seconds from a scaling to each dyno that it started; None: it started none.
    """

    ups: int = 0
    crashes: int = 0
    delay: float | None = None

    @property
    def is_looping(self) -> bool:
        """Whether dynos crash repeatedly rather than run."""
        return self.crashes >= LOOP and self.crashes >= self.ups


def read_starts(
    session: Session, app: App, since: datetime, process_type: str | None = None
) -> Starts:
    """Read starts and crashes of an app's dynos, or of one process type, since a time."""
    query = select(DynoEvent).where(col(DynoEvent.app_id) == app.id, col(DynoEvent.at) >= since)
    events = [
        one
        for one in session.scalars(query.order_by(col(DynoEvent.at)))
        if process_type is None or _type_of(one) == process_type
    ]
    delays = _delays(events)
    return Starts(
        ups=sum(one.state == "up" for one in events),
        crashes=sum(one.state == "crashed" for one in events),
        delay=median(delays) if delays else None,
    )


def _type_of(event: DynoEvent) -> str:
    """Return the process type, such as "web" of "web.1" or of "web-abc-123"."""
    if event.state == "scaled":
        return event.dyno
    return event.dyno.partition(".")[0].partition("-")[0]


def _delays(events: Sequence[DynoEvent]) -> list[float]:
    """Return the seconds from each scaling up to the dynos that it started."""
    delays: list[float] = []
    quantities: dict[str, int] = {}
    asked: dict[str, tuple[datetime, int]] = {}
    for event in events:
        kind = _type_of(event)
        if event.state == "scaled":
            before = quantities.get(kind)
            quantities[kind] = event.quantity or 0
            if before is not None and quantities[kind] > before:
                asked[kind] = (event.at, before)
            continue
        number = event.dyno.rpartition(".")[2]
        at, least = asked.get(kind, (None, 0))
        is_new = number.isdigit() and int(number) > least
        if event.state == "up" and at is not None and is_new and event.at - at <= SLOWEST:
            delays.append((event.at - at).total_seconds())
    return delays
