"""Routes that all FastAPI apps of a test process share.

FastAPI analyzes the signature of every route when an app serves its first request: 20 to 220 ms
of processor time for guv's web process, and most tests build an app of their own. Routers are
module constants here, so that what was analyzed for one app holds for the next.
"""

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute


def share_routes() -> None:
    """Make `FastAPI.include_router` reuse what it built for the same router and options."""
    include = FastAPI.include_router
    built: dict[tuple[int, str], tuple[APIRouter, BaseRoute]] = {}

    def include_shared(app: FastAPI, router: APIRouter, **options: Any) -> None:
        key = id(router), repr(sorted(options.items()))
        if key in built:
            app.router.routes.append(built[key][1])
        else:
            include(app, router, **options)
            built[key] = router, app.router.routes[-1]  # holding the router keeps its id its own

    FastAPI.include_router = include_shared  # type: ignore[assignment, method-assign]
