"""Absence of secrets from log lines, rows, answers, pages and requests to third parties."""

import base64
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from guv.clock import unix_seconds, utc_now
from sandbox.fleet import ADDON_PASSWORD, OAUTH_SECRET, SSO_SALT, USER_SECRET
from sandbox.heroku.sso import sso_form
from sandbox.traffic import Fault
from tests.system.world import LICENSE_KEY, World, wait_until

pytestmark = pytest.mark.system
WRONG_PASSWORD = "wrong-password-marker-77"
HOOKS_KEY = "hooks-key-marker-4711"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"webhook-secret-marker-of-32-byte").decode()


def test_no_secret_is_found_anywhere_after_good_and_bad_times(
    world: World, engine: Engine, redis_url: str
) -> None:
    world.sandbox.hooks.secrets["pages"] = WEBHOOK_SECRET
    answers = live_through_trouble(world)
    shown_once = [*let_everything_in(world), *consent_comes_and_goes(world, answers)]
    pages = seen_pages(world)
    secrets = [*planted(world), *shown_once, *world.sandbox.hooks.secrets.values()]
    places = {
        "logs": [world.fleet.log(name) for name in ("api", "clock-1", "worker-1")],
        "rows": rows(engine),
        "redis": stored(redis_url),
        "answers": answers,
        "pages": pages,
        "webhooks": [str(delivery.body) for delivery in world.sandbox.hooks.taken],
        "New Relic": [str(event) for event in world.sandbox.new_relic.events],
    }

    assert all("shop" in "".join(places[name]) for name in ("logs", "rows", "answers", "pages"))
    assert "opened" in "".join(places["webhooks"])
    assert "trigger" in "".join(places["New Relic"])
    leaks = {
        (place, secret[:6])
        for place, texts in places.items()
        for secret in secrets
        if any(secret in text for text in texts)
    }
    assert leaks == set()


def planted(world: World) -> list[str]:
    """Return every secret that guv was given, in the clear."""
    key = urlsplit(world.app.config_vars["GUV_URL"]).password
    watcher = urlsplit(world.access.management_url).password
    heroku = world.sandbox.heroku.authorizations
    assert key is not None
    assert watcher is not None
    tokens = [*heroku.access, *heroku.refresh, *heroku.grants]
    assert len(tokens) >= 2
    [addon] = world.sandbox.heroku.addons.values()
    wait_until(lambda: addon.webhooks, 30)
    tokens += [webhook.secret for webhook in addon.webhooks]
    given = [ADDON_PASSWORD, OAUTH_SECRET, SSO_SALT, LICENSE_KEY, WRONG_PASSWORD, HOOKS_KEY]
    given += [USER_SECRET]
    given += [unquote(watcher), key]
    return [*given, *tokens]


def live_through_trouble(world: World) -> list[str]:
    """Open an incident, fail everything outside once, and return the API's answers."""
    wrong = world.access.management_url.replace(
        f":{urlsplit(world.access.management_url).password}@", f":{WRONG_PASSWORD}@"
    )
    refused = world.api.put("apps/shop/broker", json={"url": wrong})
    webhook = {"url": f"{world.sandbox.url}/hooks/pages?of={HOOKS_KEY}", "secret": WEBHOOK_SECRET}
    notify = {
        "new_relic": {"account_id": 4711, "license_key": LICENSE_KEY, "events": "all"},
        "webhook": webhook,
    }
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


def let_everything_in(world: World) -> list[str]:
    """Create and use a drain, a key and a pasted token, and return their secrets."""
    world.sandbox.traffic.clear_faults()
    drain = world.api.put("apps/shop/drain")
    key = world.api.post("keys", json={"name": "reader"})
    token = world.sandbox.heroku.authorizations.user_token(world.app, "owner@example.com")
    pasted = world.api.put("apps/shop/authorization", json={"token": token})
    replay = {"variants": [{"name": "other", "settings": {"policy": "ratio"}}]}
    asked = world.api.post("apps/shop/roles/worker/replay", json=replay)
    assert [answer.is_success for answer in (drain, key, pasted, asked)] == [True] * 4, (
        drain.text + pasted.text + asked.text
    )
    assert token not in pasted.text
    parts = urlsplit(str(drain.json()["url"]))
    return [unquote(str(parts.password or parts.path.rpartition("/")[2])), key.json()["key"], token]


def consent_comes_and_goes(world: World, answers: list[str]) -> list[str]:
    """Give, refuse and lose a consent, add the answers' texts and return its secrets."""
    heroku, place = world.sandbox.heroku, "apps/shop/authorization"
    responses, secrets = [world.api.put(place, json={"token": WRONG_PASSWORD})], []
    for answer in ("yes", "no"):
        url = world.api.post(f"{place}/connect").json()["url"]
        back = httpx.post(url, data={"answer": answer}).headers["Location"]
        responses += [httpx.get(back, timeout=10), httpx.get(back, timeout=10)]
        secrets += [value for name, value in httpx.URL(back).params.items() if name != "error"]
    assert [answer.status_code for answer in responses] == [422, 200, 422, 422, 422]
    secrets += [*heroku.authorizations.access, *heroku.consents.refresh]
    heroku.consents.revoke("customer@example.com")
    seen = len(world.decisions())
    wait_until(lambda: len(world.decisions()) > seen + 1, 60)
    answers += [answer.text for answer in (*responses, world.api.get(place))]
    return secrets


def seen_pages(world: World) -> list[str]:
    """Sign on from Heroku and return the texts of the pages."""
    [addon] = world.sandbox.heroku.addons.values()
    form = sso_form(addon, SSO_SALT, "owner@example.com", int(unix_seconds(utc_now())))
    shown = ["", "/apps/shop", "/apps/shop/roles/worker", "/apps/shop/roles/worker/settings"]
    with httpx.Client(base_url=world.fleet.api_url, timeout=30) as browser:
        assert browser.post("/sso/login", data=form).status_code == 303
        return [browser.get(f"/dashboard{path}").text for path in shown]


def rows(engine: Engine) -> Iterable[str]:
    """Read every row of every table as text."""
    with engine.connect() as connection:
        return [
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f'select t::text from "{table.name}" t'))
        ]


def stored(redis_url: str) -> Iterable[str]:
    """Read all keys of Redis and their raw values."""
    with Redis.from_url(redis_url) as redis:
        return [f"{key!r} {held(redis, key)}" for key in redis.scan_iter()]


def held(redis: Redis, key: bytes) -> str:
    """Read a key of any type, and unpack packed job data."""
    read: dict[Any, Callable[[bytes], Any]] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda name: redis.zrange(name, 0, -1),
        b"stream": redis.xrange,
    }
    places: Any = read[redis.type(key)](key)
    data = places.get(b"data") if isinstance(places, dict) else None
    return str(places) + (str(zlib.decompress(data)) if data else "")
