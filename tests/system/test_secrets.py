"""No secret in any log line, row, answer, page or request to a third party."""

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from sandbox.fleet import ADDON_PASSWORD, OAUTH_SECRET
from sandbox.traffic import Fault
from tests.system.world import LICENSE_KEY, World, wait_until

pytestmark = pytest.mark.system
WRONG_PASSWORD = "wrong-password-marker-77"


def test_no_secret_is_found_anywhere_after_good_and_bad_times(
    world: World, engine: Engine, redis_url: str
) -> None:
    secrets = planted(world)
    answers = live_through_trouble(world)
    places = {
        "logs": [world.fleet.log(name) for name in ("api", "clock-1", "worker-1")],
        "rows": rows(engine),
        "redis": stored(redis_url),
        "answers": answers,
        "New Relic": [str(event) for event in world.sandbox.new_relic.events],
    }

    assert all("shop" in "".join(places[name]) for name in ("logs", "rows", "answers"))
    assert "trigger" in "".join(places["New Relic"])
    found = {
        (place, secret[:6])
        for place, texts in places.items()
        for secret in secrets
        if any(secret in text for text in texts)
    }
    assert found == set()


def planted(world: World) -> list[str]:
    """Every secret that guv was told, in the clear."""
    key = urlsplit(world.app.config_vars["GUV_URL"]).password
    watcher = urlsplit(world.access.management_url).password
    heroku = world.sandbox.heroku.authorizations
    assert key is not None
    assert watcher is not None
    tokens = [*heroku.access, *heroku.refresh, *heroku.grants]
    assert len(tokens) >= 2
    given = [ADDON_PASSWORD, OAUTH_SECRET, LICENSE_KEY, WRONG_PASSWORD, unquote(watcher), key]
    return [*given, *tokens]


def live_through_trouble(world: World) -> list[str]:
    """The texts of the API's answers while a page is opened and everything outside fails once."""
    wrong = world.access.management_url.replace(
        f":{urlsplit(world.access.management_url).password}@", f":{WRONG_PASSWORD}@"
    )
    refused = world.api.put("apps/shop/broker", json={"url": wrong})
    notify = {"new_relic": {"account_id": 4711, "license_key": LICENSE_KEY}}
    world.set_role(
        minimum_dynos=0, maximum_dynos=1, target_deadline=10, alert_after=0, notify=notify
    )
    world.publish(50)
    wait_until(lambda: world.sandbox.new_relic.incidents, 60)
    for status in (500, 401, 403):
        seen = len(world.decisions())
        world.sandbox.traffic.add_fault(Fault(path="/apps", status=status, calls=2))
        wait_until(lambda seen=seen: len(world.decisions()) > seen + 1, 60)  # type: ignore[misc]
    paths = ["settings", "apps", "apps/shop", "apps/shop/broker", "apps/shop/settings", "keys"]
    paths += ["apps/shop/roles", "apps/shop/roles/worker", "decisions", "samples", "incidents"]
    paths += ["config", "changes", "statistics", "apps/shop/roles/worker/explain", "nothing"]
    return [refused.text, *(world.api.get(path).text for path in paths)]


def rows(engine: Engine) -> Iterable[str]:
    """Every row of every table as text."""
    with engine.connect() as connection:
        return [
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f'select t::text from "{table.name}" t'))
        ]


def stored(redis_url: str) -> Iterable[str]:
    """All that Redis holds, as it stores it."""
    with Redis.from_url(redis_url) as redis:
        return [str(redis.dump(key)) for key in redis.scan_iter()]
