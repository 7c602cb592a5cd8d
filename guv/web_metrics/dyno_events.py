"""What became of an app's dynos, as their log lines say? Starts, crashes, seconds of a start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlmodel import Session, col

from guv.apps.models import App
from guv.web_metrics.models import DynoEvent

SLOWEST = timedelta(minutes=5)  # a dyno that comes up later was not started by that scaling
LOOP = 3  # crashes, more than dynos that came up, are a loop


@dataclass(frozen=True, slots=True)
class Starts:
    """What dynos did in a span of time.

    Attributes:
        ups: Dynos that came up.
        crashes: Dynos that crashed.
        delay: Median seconds from a scaling up to each dyno that came up by it; None: none did.
    """

    ups: int = 0
    crashes: int = 0
    delay: float | None = None

    @property
    def is_looping(self) -> bool:
        """Whether dynos crash again and again rather than run."""
        return self.crashes >= LOOP and self.crashes >= self.ups


def read_starts(
    session: Session, app: App, since: datetime, process_type: str | None = None
) -> Starts:
    """What the app's dynos, or those of one process type, did since then."""
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
    """Such as "web" of "web.1", or of "web-abc-123" where dynos are named so."""
    if event.state == "scaled":
        return event.dyno
    return event.dyno.partition(".")[0].partition("-")[0]


def _delays(events: Sequence[DynoEvent]) -> list[float]:
    """Seconds from each scaling up to the dynos above the quantity before it that came up."""
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
