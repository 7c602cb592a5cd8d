"""The exchange of a grant for tokens while Heroku fails in between."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from guv.apps.models import App
from guv.crypto import Sealer
from guv.heroku.client import HerokuClient
from guv.heroku.oauth import GrantExchange, is_pending, keep_grant, settle_grant
from guv.tenants.models import Tenant
from tests.builders import NOON, a_tenant

APP_ID = "01234567-89ab-cdef-0123-456789abcdef"
IN_5_MINUTES = NOON + timedelta(minutes=5)


class ScriptedHeroku:
    """Heroku's token endpoint and add-on, which fail on request."""

    def __init__(self) -> None:
        self.token_status = self.addon_status = 200
        self.exchanged: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            if self.token_status == 200:
                self.exchanged.append(request.content.decode())
            body = {"access_token": "access-marker", "refresh_token": "refresh-marker"}
            return httpx.Response(self.token_status, json={**body, "expires_in": 28800})
        app = {"id": APP_ID, "name": "shop"}
        return httpx.Response(self.addon_status, json={"app": app})


@pytest.fixture
def heroku() -> ScriptedHeroku:
    return ScriptedHeroku()


@pytest.fixture
def exchange(engine: Engine, sealer: Sealer, heroku: ScriptedHeroku) -> Iterator[GrantExchange]:
    client = HerokuClient(
        api_url="http://api",
        id_url="http://id",
        client_secret="secret",
        timeout=1,
        transport=httpx.MockTransport(heroku),
    )
    yield GrantExchange(engine, sealer, client)
    client.close()


@pytest.fixture
def tenant(session: Session, sealer: Sealer) -> Tenant:
    tenant = a_tenant(session)
    keep_grant(tenant, "code-marker", IN_5_MINUTES, sealer)
    session.commit()
    return tenant


def test_a_kept_grant_is_sealed(tenant: Tenant) -> None:
    assert b"code-marker" not in (tenant.grant_sealed or b"")


@pytest.mark.parametrize(("now", "pending"), [(NOON, True), (IN_5_MINUTES, False)])
def test_a_grant_is_of_use_until_it_expires(
    tenant: Tenant, now: datetime, *, pending: bool
) -> None:
    assert is_pending(tenant, now) is pending


def test_a_settled_grant_is_an_app_with_tokens(
    session: Session, exchange: GrantExchange, tenant: Tenant, sealer: Sealer
) -> None:
    assert settle_grant(exchange, tenant.id, NOON) is None
    app = session.exec(select(App)).one()
    assert (str(app.heroku_id), app.name) == (APP_ID, "shop")
    assert sealer.open(app.access_token_sealed or b"") == "access-marker"
    assert sealer.open(app.refresh_token_sealed or b"") == "refresh-marker"
    assert app.token_expires_at == NOON + timedelta(hours=8)
    session.refresh(tenant)
    assert not is_pending(tenant, NOON)


def test_a_tenant_without_a_grant_makes_no_request(
    exchange: GrantExchange, tenant: Tenant, heroku: ScriptedHeroku
) -> None:
    for _ in range(3):
        assert settle_grant(exchange, tenant.id, NOON) is None
    assert len(heroku.exchanged) == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(503, "Heroku did not answer"), (429, "Heroku did not answer"), (401, "Heroku refused")],
)
def test_a_grant_is_kept_whatever_the_token_endpoint_says(  # a table and its parts
    session: Session,
    exchange: GrantExchange,
    tenant: Tenant,
    heroku: ScriptedHeroku,
    status: int,
    why: str,
) -> None:
    heroku.token_status = status
    assert why in (settle_grant(exchange, tenant.id, NOON) or "")
    session.refresh(tenant)
    assert is_pending(tenant, NOON)
    heroku.token_status = 200
    assert settle_grant(exchange, tenant.id, NOON) is None


def test_tokens_wait_for_their_app_for_as_long_as_they_work(
    session: Session, exchange: GrantExchange, tenant: Tenant, heroku: ScriptedHeroku
) -> None:
    heroku.addon_status = 503
    settle_grant(exchange, tenant.id, NOON)
    session.refresh(tenant)
    assert is_pending(tenant, NOON + timedelta(hours=7))
    heroku.addon_status = 200
    assert settle_grant(exchange, tenant.id, NOON + timedelta(hours=7)) is None
    assert len(heroku.exchanged) == 1
    assert session.exec(select(App)).one().token_expires_at == NOON + timedelta(hours=8)


def test_a_new_grant_replaces_an_old_grant_and_not_tokens(
    session: Session,
    exchange: GrantExchange,
    tenant: Tenant,
    heroku: ScriptedHeroku,
    sealer: Sealer,
) -> None:
    keep_grant(tenant, "second-code", IN_5_MINUTES, sealer)
    session.commit()
    heroku.addon_status = 503
    settle_grant(exchange, tenant.id, NOON)
    session.refresh(tenant)
    keep_grant(tenant, "third-code", IN_5_MINUTES, sealer)
    session.commit()
    heroku.addon_status = 200
    assert settle_grant(exchange, tenant.id, NOON) is None
    assert "second-code" in "".join(heroku.exchanged)


def test_an_unknown_tenant_has_no_grant_to_settle(exchange: GrantExchange) -> None:
    assert settle_grant(exchange, uuid4(), NOON) is None
