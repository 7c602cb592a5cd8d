"""guv's own processes in the operator's New Relic, without any tenant's secret."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text

from sandbox.fleet import ADDON_PASSWORD, Surroundings, fleet
from tests.system.newrelic_collector import Collector, collecting
from tests.system.small import MakeSurroundings, a_small_world
from tests.system.world import wait_until

pytestmark = pytest.mark.system
OPERATORS_KEY = "operators-license-key-marker-0123456789a"
TENANTS_KEY = "tenants-license-key-marker-0123456789ab"
BROKERS_PASSWORD = "broker-password-marker-99"
# Something that breaks inside guv, with a secret in the exception's own text.
BROKEN = {"schedules": [{f"nonsense amqp://me:{BROKERS_PASSWORD}@host": True}]}


def test_all_processes_report_to_new_relic_to_the_last_without_secrets(
    surroundings: MakeSurroundings, engine: Engine, tmp_path: Path
) -> None:
    with collecting(tmp_path) as collector:
        secrets = live_a_little(surroundings, engine, tmp_path, collector)

    methods = [report.method for report in collector.reports]
    assert (
        methods.count("connect") == methods.count("shutdown") == 4
    )  # API, clock, a ticking worker, a replaying one
    assert {report[0]["app_name"][0] for report in collector.of("connect")} == {"guv"}
    assert {report.license_key for report in collector.reports} == {OPERATORS_KEY}
    metrics = collector.metrics()
    assert metrics["OtherTransaction/RQ/worker.jobs.scale_roles"] >= 2
    assert metrics["Custom/Guv/Tick/held"] >= 1
    assert metrics["Custom/Guv/Tick/failed_inside"] >= 1
    assert metrics["Custom/Guv/Clock/lag"] >= 2
    assert any(name.startswith("WebTransaction/Function/api.") for name in metrics)
    assert any(name.startswith("External/127.0.0.1") for name in metrics)
    assert any(name.startswith("Datastore/Postgres") for name in metrics)
    bodies = "".join(report.body for report in collector.reports)
    assert "TypeError" in bodies
    assert [secret for secret in secrets if secret in bodies] == []


def test_without_a_license_key_new_relic_is_not_called(
    surroundings: MakeSurroundings, tmp_path: Path
) -> None:
    with collecting(tmp_path) as collector:
        given = surroundings("http://127.0.0.1:9")
        with fleet(
            watched(given, collector=collector, license_key=""), tmp_path / "guv", "api", "worker-1"
        ) as processes:
            assert httpx.get(f"{processes.api_url}/health").status_code == 503  # no clock
    assert collector.reports == []


def watched(given: Surroundings, *, collector: Collector, license_key: str) -> Surroundings:
    extra = {**given.extra, **collector.environment, "NEW_RELIC_LICENSE_KEY": license_key}
    return replace(given, extra=extra)


def live_a_little(
    surroundings: MakeSurroundings, engine: Engine, folder: Path, collector: Collector
) -> list[str]:
    """Let a tenant's tick hold and another fail, and return the tenant's secrets."""
    notify = {"new_relic": {"account_id": 4711, "license_key": TENANTS_KEY}}
    change = partial(watched, collector=collector, license_key=OPERATORS_KEY)
    with a_small_world(surroundings, engine, folder, change=change) as world:
        world.set_role(notify=notify)
        wait_until(lambda: world.count("outcome = 'held'"), 30)
        with engine.begin() as connection:
            broken = text("update settings_level set values = values || cast(:values as jsonb)")
            connection.execute(broken, {"values": json.dumps(BROKEN)})
        wait_until(lambda: world.count("outcome = 'failed'"), 30)
        assert world.api.get("apps/shop/roles/worker/explain").status_code == 500
        heroku = world.sandbox.heroku.authorizations
        tokens = [*heroku.access, *heroku.refresh, *heroku.grants]
        urls = [world.app.config_vars["GUV_URL"], world.broker]
    passwords = [str(urlsplit(url).password) for url in urls]
    return [BROKERS_PASSWORD, TENANTS_KEY, ADDON_PASSWORD, *passwords, *tokens]
