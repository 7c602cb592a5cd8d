"""The web application: middleware, error handlers and routes."""

import logging
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import health
from api.addon import log_intake, webhook_routes
from api.addon import routes as addon
from api.auth import sso
from api.auth.rate_limit import RateHeaders
from api.container import Outside, make_parts
from api.dashboard.renderer import as_page
from api.dashboard.routes import add_dashboard
from api.errors import install_error_handlers
from api.middleware.auth_throttle import AuthThrottle
from api.middleware.body_limit import BodyLimit
from api.middleware.request_log import RequestLog
from api.middleware.security_headers import SecurityHeaders
from api.middleware.unhandled_errors import UnhandledErrors
from api.openapi import add_examples, add_reference
from api.v1 import config as config_file
from api.v1 import decisions, keys, replays, settings
from api.v1 import web_metrics as web
from guv import agent
from guv.config import Config, config_of_process
from guv.logging import configure_logs, tell_ends

DESCRIPTION = """guv scales Heroku workers so that every job finishes by its deadline, at
the lowest cost.

All durations are in seconds, all times are ISO 8601 with an offset from UTC. All errors have one
form: `id`, `message` and `fields`. `GUV_URL` contains the API key, so `curl "$GUV_URL/apps"` works.
"""


def create_app(config: Config, outside: Outside | None = None) -> FastAPI:
    """Create the web application; nothing connects before the first request.

    Args:
        config: Configuration of guv's processes.
        outside: Clock and networks, for tests.

    Raises:
        ValueError: The encryption keys or the database's URL are malformed.
    """
    parts = make_parts(config, outside or Outside())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await to_thread(agent.connect)
        yield
        parts.close()
        await to_thread(agent.end)

    app = FastAPI(
        title="guv",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.parts = parts
    _add_layers(app)
    return app


def _add_layers(app: FastAPI) -> None:
    app.add_middleware(BodyLimit, as_page=as_page)
    app.add_middleware(RateHeaders)
    app.add_middleware(AuthThrottle, wrong_keys=app.state.parts.wrong_keys, as_page=as_page)
    app.add_middleware(UnhandledErrors, as_page=as_page)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)  # added last, so that it sees every response
    install_error_handlers(app, as_page)
    for router in (
        health.router,
        addon.router,
        log_intake.router,
        webhook_routes.router,
        sso.router,
        settings.router,
        decisions.router,
        web.router,
        keys.router,
        config_file.router,
        replays.router,
    ):
        app.include_router(router)
    add_reference(app)
    add_examples(app)
    add_dashboard(app)


def make_app() -> FastAPI:
    """Create the web application from the environment, for uvicorn's factory.

    Raises:
        SystemExit: A variable is missing or has no usable value.
    """
    config = config_of_process()
    configure_logs(config.guv_log_level, json=config.guv_log_json)
    tell_ends()
    for name in ("uvicorn", "uvicorn.error"):  # their own handlers would print secrets
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    return create_app(config)
