"""Intake of log lines from Logplex: checked, filtered and queued for the worker.

Logplex drops what is answered with 4xx, and sends again, twice, what is answered with 429 or 5xx.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from redis import RedisError
from starlette.exceptions import HTTPException

from api.auth.credentials import parse_basic
from api.dependencies import Authorization, NowDep, PartsDep
from api.errors import error_answers
from api.paths import DrainId
from guv.errors import BadRequest, TooMany, Unavailable
from guv.web_metrics.delivery_queue import Put
from guv.web_metrics.log_lines import BadFrames, is_wanted, split_frames

CONTENT_TYPE = "application/logplex-1"

router = APIRouter(prefix="/heroku/drains", tags=["add-on"])
_authorization = Authorization("drain", "User and password of the drain's URL")
_BODY = {"content": {CONTENT_TYPE: {"schema": {"type": "string", "example": "5 line\n"}}}}


def _admitted(
    parts: PartsDep,
    drain: DrainId,
    header: Annotated[str | None, Depends(_authorization)],
    token: Annotated[
        str,
        Header(
            alias="Logplex-Drain-Token", max_length=200, description="The drain's token, d.<uuid>"
        ),
    ] = "",
) -> None:
    parts.drains.admit(drain, parse_basic(header), token)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise HTTPException(415, f"The body must be {CONTENT_TYPE}")
    return await request.body()


@router.post(
    "/{drain}",
    status_code=204,
    dependencies=[Depends(_admitted)],
    openapi_extra={"requestBody": _BODY},
    responses=error_answers(400, 401, 403, 413, 415, 422, 429, 503),
)
def take_lines(
    parts: PartsDep,
    now: NowDep,
    drain: DrainId,
    body: Annotated[bytes, Depends(_body)],
    count: Annotated[
        int | None,
        Header(alias="Logplex-Msg-Count", ge=0, le=100_000, description="Lines in the body"),
    ] = None,
    frame: Annotated[
        str,
        Header(
            alias="Logplex-Frame-Id",
            max_length=100,
            description="Identifies a delivery that is sent again",
        ),
    ] = "",
) -> None:
    """Take a delivery of log lines; repeats count once, and the app's own lines are discarded."""
    lines, fault = _lines(body, count)
    wanted = [line for line in lines if is_wanted(line)]
    lost = 0 if fault is None else max(1, count or 0)
    try:
        put = parts.drain_queue.put(drain, frame, wanted, now, lost)
    except RedisError:
        raise Unavailable("guv's queue does not answer. Send the delivery again.") from None
    if put is Put.FULL:
        raise TooMany("Too many lines are waiting. Send the delivery again later.")
    if fault is not None:
        raise BadRequest(f"The body is not a valid series of log lines: {fault}.")


def _lines(body: bytes, count: int | None) -> tuple[list[bytes], str | None]:
    """Split a body into lines; returns none and the reason where it is malformed."""
    try:
        lines = split_frames(body)
    except BadFrames as bad:
        return [], str(bad)
    if count is not None and count != len(lines):
        return [], f"it has {len(lines)} lines, Logplex-Msg-Count says {count}"
    return lines, None
