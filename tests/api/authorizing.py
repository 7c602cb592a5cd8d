"""A tenant whose app Heroku knows, and the people who may let guv scale it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import Session

from guv.apps.models import App
from sandbox.heroku import model as heroku
from sandbox.server import Sandbox
from tests.api.callers import TenantCaller

CLIENT, SECRET = "connect-client", "user-secret-marker"
OWNER = "customer@example.com"


@dataclass(frozen=True, slots=True)
class Desk:
    """Calls that authorize guv to scale an app and that remove the authorization."""

    caller: TenantCaller
    world: Sandbox
    shop: heroku.App
    engine: Engine

    def ask(self, method: str, rest: str = "", body: Any = None) -> Response:
        return self.caller.ask(method, self.caller.app_path(f"/authorization{rest}"), body)

    def paste(self, token: str) -> Response:
        return self.ask("PUT", "", {"token": token})

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.ask("GET").json()
        return state

    def stored(self) -> App:
        with Session(self.engine) as session:
            return session.get_one(App, self.caller.app.id)

    def token(self, scope: str = "write", app: heroku.App | None = None) -> str:
        """Return a token of the owner of this app or of another app."""
        office = self.world.heroku.authorizations
        return office.user_token(app or self.shop, OWNER, scope)

    def connect(self) -> str:
        """Start a consent over the API and return Heroku's address of it."""
        url: str = self.ask("POST", "/connect").json()["url"]
        return url

    def arrive(self, url: str, answer: str = "yes") -> Response:
        """Return guv's answer to a person who came back from Heroku's page."""
        return self.follow(self.back(url, answer))

    def back(self, url: str, answer: str = "yes") -> str:
        """Return the address to which Heroku sends that person."""
        assert httpx.get(url).is_success
        location: str = httpx.post(url, data={"answer": answer}).headers["Location"]
        return location

    def follow(self, location: str) -> Response:
        parts = urlsplit(location)
        return self.caller.client.get(f"{parts.path}?{parts.query}", follow_redirects=False)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
