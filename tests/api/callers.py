"""Callers of the API: a tenant with its key, and Heroku with the add-on's password."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.container import Parts
from guv.apps.models import App
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.settings.queries import notify_target
from guv.tenants.models import Tenant
from tests.builders import NOON, a_key, a_tenant, an_app


@dataclass(frozen=True, slots=True)
class TenantCaller:
    """A tenant with an app and a key."""

    client: TestClient
    key: str
    tenant: Tenant
    app: App

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        return self.client.request(
            method, f"/v1{path}", json=body, auth=("guv", self.key), **options
        )

    def get(self, path: str, **params: Any) -> Response:
        return self.ask("GET", path, params=params)

    def put(self, path: str, body: Any) -> Response:
        return self.ask("PUT", path, body)

    def patch(self, path: str, body: Any) -> Response:
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Response:
        return self.ask("DELETE", path)

    def app_path(self, rest: str = "") -> str:
        return f"/apps/{self.app.name}{rest}"

    def role_path(self, name: str = "worker") -> str:
        return self.app_path(f"/roles/{name}")


def a_caller(
    client: TestClient, session: Session, sealer: Sealer, **tenant_values: Any
) -> TenantCaller:
    """Commit a tenant with an app and a key."""
    tenant = a_tenant(session, **tenant_values)
    app = an_app(session, tenant, sealer)
    key = a_key(session, tenant.id, "GUV_URL", NOON)
    session.commit()
    return TenantCaller(client, key, tenant, app)


def stored_target(caller: TenantCaller, session: Session, sealer: Sealer) -> Any:
    """Return the notification target of the caller's only role, as the worker reads it."""
    session.expire_all()
    role = session.exec(select(Role)).one()
    return notify_target(session, caller.tenant, caller.app, role, sealer)


@dataclass(frozen=True, slots=True)
class HerokuCaller:
    """Heroku, with the add-on's id and password."""

    client: TestClient
    password: str

    def ask(self, method: str, path: str = "", body: Any = None) -> Response:
        return self.client.request(
            method, f"/heroku/resources{path}", json=body, auth=("guv", self.password)
        )

    def provision(self, **body: Any) -> Response:
        return self.ask("POST", "", {"uuid": str(uuid4()), "plan": "basic", **body})


def faults(answer: Response) -> dict[str, str]:
    """Return the messages of an error answer by field."""
    return {fault["field"]: fault["message"] for fault in answer.json()["fields"]}


def engine_of(client: TestClient) -> Engine:
    """Return the web process's database engine."""
    parts: Parts = client.app.state.parts  # type: ignore[attr-defined]  # it is a FastAPI
    return parts.engine
