"""Samples of a role."""

from datetime import datetime

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.dependencies import NowDep, PartsDep, SessionDep, TenantDep
from api.v1.listing import Export, chosen_roles, cursor_of, pick, place_of, stream, wanted_fields
from api.v1.schemas.decisions import SamplePage, SampleQueryParameters
from api.v1.views.decisions import SAMPLE_FIELDS, sample_row
from guv.history.samples import SampleFilter, list_samples, sample_columns
from guv.tenants.plans import shown_since

router = APIRouter()
STREAMS: dict[str, dict[str, str]] = {"text/csv": {}, "application/x-ndjson": {}}


@router.get("/samples", response_model=SamplePage, responses={200: {"content": STREAMS}})
def read_samples(
    parts: PartsDep,
    session: SessionDep,
    tenant: TenantDep,
    now: NowDep,
    query: SampleQueryParameters,
) -> Response:
    """List the samples of a role, newest first: a page, or all of a time range as CSV or NDJSON.

    As far back as the plan reaches; a `from` before that is refused.
    """
    names = wanted_fields(query.fields, SAMPLE_FIELDS)
    role = (chosen_roles(session, tenant, query.app, query.role) or [])[-1]
    since = shown_since(tenant, now, query.since, query.until)
    wanted = SampleFilter(role, since, _before(query.cursor, query.until))
    if query.format != "json":
        columns = names or (SAMPLE_FIELDS if query.format == "csv" else [])
        export = Export("samples", sample_columns(tenant, wanted), sample_row, columns)
        return stream(parts.engine, export, query.format)
    samples = list_samples(session, tenant, wanted, query.limit + 1)
    page = samples[: query.limit]
    last = page[-1] if len(samples) > len(page) else None
    body = {
        "samples": [pick(sample_row(sample), names) for sample in page],
        "next_cursor": cursor_of(last["at"], 0) if last else None,
    }
    return JSONResponse(body)


def _before(cursor: str | None, until: datetime | None) -> datetime | None:
    """Return the end of the page: the cursor's place, or the end of the time range if earlier."""
    at = place_of(cursor)[0] if cursor is not None else None
    times = [time for time in (at, until) if time is not None]
    return min(times, default=None)
