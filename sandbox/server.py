"""The stand-ins over HTTP, in one process and on one port."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI

from sandbox import control, hooks, newrelic
from sandbox.broker import api as broker_api
from sandbox.broker.memory import MemoryBroker
from sandbox.heroku import customer_routes, drain_routes, sso
from sandbox.heroku import routes as heroku_routes
from sandbox.heroku.consent import OAuthClient
from sandbox.heroku.customer import Customer, Partner, PartnerRefused
from sandbox.heroku.errors import Refusal
from sandbox.heroku.platform import Heroku
from sandbox.hooks import Hooks
from sandbox.newrelic import NewRelic
from sandbox.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Outside:
    """The world around guv, without its network."""

    heroku: Heroku = field(default_factory=Heroku)
    new_relic: NewRelic = field(default_factory=NewRelic)
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    hooks: Hooks = field(default_factory=Hooks)
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The running stand-ins.

    Attributes:
        url: Where all of them answer: Heroku's Platform API and token endpoint, New Relic's
            collector, the in-memory broker's management API, and the control routes.
        outside: What is behind it.
        app: What answers.
    """

    url: str
    outside: Outside
    app: FastAPI

    @property
    def heroku(self) -> Heroku:
        """Apps, add-ons and tokens."""
        return self.outside.heroku

    @property
    def new_relic(self) -> NewRelic:
        """Events and incidents."""
        return self.outside.new_relic

    @property
    def broker(self) -> MemoryBroker:
        """The broker for where there is no RabbitMQ."""
        return self.outside.broker

    @property
    def hooks(self) -> Hooks:
        """What tenants' own addresses took."""
        return self.outside.hooks

    @property
    def traffic(self) -> Traffic:
        """What was asked, and the faults in force."""
        return self.outside.traffic

    def offer_consent(self, id_: str, secret: str, guv_url: str) -> None:
        """Let guv, which answers at `guv_url`, ask customers for permission to scale their apps."""
        client = OAuthClient(id_, secret, f"{guv_url}/heroku/oauth/callback")
        self.heroku.consents.clients[id_] = client

    def customer(self, partner: Partner) -> Customer:
        """Return a customer whose add-ons guv serves at the partner's address."""
        self.app.state.partner = partner
        return Customer(self.heroku, partner)


def create_app(outside: Outside) -> FastAPI:
    """Build the application that serves all stand-ins."""
    app = FastAPI(title="The world around guv", openapi_url=None)
    app.state.heroku = outside.heroku
    app.state.new_relic = outside.new_relic
    app.state.broker = outside.broker
    app.state.hooks = outside.hooks
    app.state.traffic = outside.traffic
    app.state.partner = None
    app.middleware("http")(outside.traffic.watch)
    for error in (Refusal, PartnerRefused):
        app.add_exception_handler(error, control.answer_refusal)
    for router in (
        control.router,
        newrelic.router,
        hooks.router,
        broker_api.router,
        heroku_routes.router,
        drain_routes.router,
        customer_routes.router,
        sso.router,
    ):
        app.include_router(router)
    return app


@contextmanager
def running(outside: Outside | None = None, *, port: int = 0) -> Iterator[Sandbox]:
    """Serve the stand-ins on 127.0.0.1 from a thread of this process until the block ends.

    Args:
        outside: What they stand for; new and empty without.
        port: Where; 0: a free one.
    """
    outside = outside or Outside()
    app = create_app(outside)
    listener = socket.create_server(("127.0.0.1", port))
    # asyncio sets it only where a socket names its protocol; without it an answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    outside.heroku.sso_url = f"{url}/sso"
    settings = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield Sandbox(url, outside, app)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
