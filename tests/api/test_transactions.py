"""Transactions of requests: one commit each, stored before the answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import Engine, text

from api.app import create_app
from api.dependencies import MOST_TRANSACTIONS
from guv.config import Config
from guv.database import make_engine
from tests.api.callers import TenantCaller
from tests.api.serving import serving

LATE = """
    create function refuse_late() returns trigger language plpgsql as
    $$ begin raise exception 'too late'; end $$;
    create constraint trigger refuse_late after insert on settings_level
    deferrable initially deferred for each row execute function refuse_late();
"""
AS_BEFORE = "drop trigger refuse_late on settings_level; drop function refuse_late()"


@pytest.fixture
def refused_at_commit(engine: Engine) -> Iterator[None]:
    """A database that takes settings, and refuses them when they are committed."""
    with engine.begin() as connection:
        connection.execute(text(LATE))
    yield
    with engine.begin() as connection:
        connection.execute(text(AS_BEFORE))


@pytest.mark.usefixtures("refused_at_commit")
def test_a_failed_commit_is_not_answered_as_success(caller: TenantCaller) -> None:
    assert caller.put("/settings", {"maximum_dynos": 7}).status_code == 500
    assert caller.get("/settings").json()["settings"] == {}


@pytest.fixture
def served(web_config: Config) -> Iterator[str]:
    """The address of a web process with few database connections to spare."""
    app = create_app(web_config)
    app.state.parts.engine.dispose()
    engine = make_engine(
        web_config.sqlalchemy_url, pool_size=MOST_TRANSACTIONS + 1, application="guv narrow"
    )
    app.state.parts = replace(app.state.parts, engine=engine)
    with serving(app) as address:
        yield address
    engine.dispose()


def test_many_requests_at_once_do_not_wait_for_each_other(
    served: str, caller: TenantCaller
) -> None:
    auth = httpx.BasicAuth("guv", caller.key)
    with httpx.Client(base_url=served, auth=auth, timeout=20, limits=httpx.Limits()) as client:

        def ask(_number: int) -> int:
            return client.get("/v1/settings").status_code

        with ThreadPoolExecutor(150) as pool:
            statuses = list(pool.map(ask, range(450)))
    assert statuses == [200] * 450


def test_a_served_answer_is_stored_when_it_arrives(served: str, caller: TenantCaller) -> None:
    with httpx.Client(base_url=served, auth=("guv", caller.key)) as client:
        assert client.put("/v1/settings", json={"concurrency": 3}).status_code == 200
    assert caller.get("/settings").json()["settings"] == {"concurrency": 3}
