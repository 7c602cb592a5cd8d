"""Health of guv: the services it needs, and whether the roles' ticks keep up."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from redis import Redis, RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import NowDep, PartsDep
from guv.clock import unix_seconds
from guv.roles import tick_schedule
from guv.roles.fleet_health import Watch

BEAT_KEY = "guv:clock:beat"  # Unix seconds of the clock's last beat
MOST_BEAT_AGE_S = 10.0
MOST_LAG_S = (
    90.0  # a lost job costs its roles one lease (`guv.roles.tick_schedule.LEASE_S`), or two
)

Ok = Annotated[bool, Field(description="Whether this check passes")]


class StoreHealth(BaseModel):
    """Whether a store answers."""

    ok: Ok


class ClockHealth(BaseModel):
    """Whether the clock runs."""

    ok: Ok
    age: float | None = Field(description="Seconds since its last beat; null: unknown")


class LagHealth(BaseModel):
    """Whether ticks are on time."""

    ok: Ok
    seconds: float | None = Field(
        description="Seconds by which the latest due role is late; null: unknown"
    )


class RolesHealth(BaseModel):
    """Whether guv does its work for the roles of all tenants, over the last minutes."""

    ok: Ok
    overdue: int | None = Field(description="Roles that should have ticked; null: unknown")
    faulty: int | None = Field(description="Roles whose ticks all end in a fault; null: unknown")
    wishing: int | None = Field(description="Roles that need another number of dynos")
    unfulfilled: int | None = Field(description="Those of them that do not get it for five minutes")


class Health(BaseModel):
    """The health of guv."""

    status: str = Field(description="ok, or unwell", examples=["ok"])
    unwell: list[str] = Field(description="The checks that fail", examples=[[]])
    database: StoreHealth = Field(description="Whether PostgreSQL answers")
    redis: StoreHealth = Field(description="Whether Redis answers")
    clock: ClockHealth = Field(description="Whether the clock runs")
    lag: LagHealth = Field(description="Whether ticks are on time")
    roles: RolesHealth = Field(description="Whether roles get the dynos they need")


router = APIRouter(tags=["health"])


@router.get("/health", responses={503: {"model": Health}})
def read_health(parts: PartsDep, now: NowDep, response: Response) -> Health:
    """Report the health of guv: 200 when all is well, 503 otherwise with what is not."""
    lag = _lag(parts.engine, now)
    reached, age = _beat_age(parts.redis, now)
    seen = None if lag is None else parts.fleet_health.look(now)
    checks = {
        "database": lag is not None,
        "redis": reached,
        "clock": age is not None and age <= MOST_BEAT_AGE_S,
        "lag": lag is not None and lag <= MOST_LAG_S,
        "roles": seen is None or not seen.alarms,
    }
    unwell = [name for name, ok in checks.items() if not ok]
    if unwell:
        response.status_code = 503
    return Health(
        status="unwell" if unwell else "ok",
        unwell=unwell,
        database=StoreHealth(ok=checks["database"]),
        redis=StoreHealth(ok=checks["redis"]),
        clock=ClockHealth(ok=checks["clock"], age=age),
        lag=LagHealth(ok=checks["lag"], seconds=lag),
        roles=_roles(seen, ok=checks["roles"]),
    )


def _roles(seen: Watch | None, *, ok: bool) -> RolesHealth:
    names = RolesHealth.model_fields.keys() - {"ok"}
    counts = {name: None if seen is None else getattr(seen, name) for name in names}
    return RolesHealth(ok=ok, **counts)


def _lag(engine: Engine, now: datetime) -> float | None:
    """Return the seconds that the latest due role is late; None: the database does not answer."""
    try:
        with engine.connect() as connection:
            return tick_schedule.lag(connection, now)
    except SQLAlchemyError:
        return None


def _beat_age(redis: Redis, now: datetime) -> tuple[bool, float | None]:
    """Return whether Redis answers, and the seconds since the clock's last beat if known."""
    try:
        beat = redis.get(BEAT_KEY)
    except RedisError:
        return False, None
    try:
        return True, max(0.0, unix_seconds(now) - float(beat or "never"))
    except ValueError:
        return True, None
