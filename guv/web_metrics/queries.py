"""Queries of sums and pushed figures of web dynos."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from guv.apps.models import App
from guv.roles.models import Role
from guv.scaling import WebReading
from guv.web_metrics.models import WebBucket, WebPush
from guv.web_metrics.sketch import merged, percentile, unpacked

PUSHES_KEPT = timedelta(days=1)  # of pushed figures

Row = Mapping[str, Any]


def read_sums(session: Session, app: App, since: datetime, until: datetime) -> Sequence[Row]:
    """Read the app's sums of ten seconds that begin in a time range, by time and dyno."""
    table = WebBucket.metadata.tables["web_bucket"]
    query = select(table).where(table.c.app_id == app.id, table.c.at >= since, table.c.at < until)
    return [dict(row) for row in session.execute(query.order_by("at", "dyno")).mappings()]


def reading_of(rows: Sequence[Row], seconds: float) -> WebReading:
    """Combine sums to a reading; percentiles are those of all requests."""
    times = merged([unpacked(row["service"]) for row in rows])
    errors: Counter[str] = sum((Counter(row["errors"]) for row in rows), Counter())
    timed = times.count
    return WebReading(
        seconds=seconds,
        requests=sum(row["requests"] for row in rows),
        p50=percentile(times, 50.0),
        p95=percentile(times, 95.0),
        p99=percentile(times, 99.0),
        mean=sum(row["service_seconds"] for row in rows) / timed if timed else None,
        errors=dict(errors),
        serving=len({row["dyno"] for row in rows if row["dyno"] and row["requests"]}),
        lost=sum(row["lost"] for row in rows),
    )


def web_reading(stored: Mapping[str, Any] | None) -> WebReading | None:
    """Convert a stored reading of a sample or a push."""
    return None if stored is None else WebReading(**stored)


def put_push(session: Session, role: Role, reading: Mapping[str, Any], now: datetime) -> None:
    """Store pushed figures of a role; repeating it changes nothing."""
    values = {"role_id": role.id, "at": now, "reading": dict(reading)}
    session.execute(insert(WebPush).values(**values).on_conflict_do_nothing())
    old = (col(WebPush.role_id) == role.id, col(WebPush.at) < now - PUSHES_KEPT)
    session.execute(delete(WebPush).where(*old))


def last_push(session: Session, role: Role, since: datetime) -> WebPush | None:
    """Return the newest pushed figures of a role since a time."""
    query = select(WebPush).where(col(WebPush.role_id) == role.id, col(WebPush.at) >= since)
    return session.scalars(query.order_by(col(WebPush.at).desc()).limit(1)).first()
