"""The outside watch as a scheduler runs it, with its exit status and New Relic."""

import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from guv.clock import utc_now
from guv.config import Config
from tests.worker.commands import run
from tests.worker.world import World
from worker.jobs import tick_due

MakeWorld = Callable[..., World]
KEY = "operators-license-key-marker"


@pytest.fixture
def service(outside_config: Config, encryption_key: str) -> Mapping[str, str]:
    """Return the service's environment without Redis."""
    return {
        "DATABASE_URL": outside_config.database_url.get_secret_value(),
        "GUV_ENCRYPTION_KEYS": encryption_key,
        "GUV_ADDON_PASSWORD": "addon-password-marker",
        "NEW_RELIC_EVENTS_URL": str(outside_config.new_relic_events_url),
        "NEW_RELIC_ACCOUNT_ID": "99",
        "NEW_RELIC_LICENSE_KEY": KEY,
    }


def watch(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return run("worker.watch", environment)


def overdue_by_an_hour(here: World) -> None:
    with here.runtime.engine.begin() as connection:
        connection.exec_driver_sql("update role set created_at = now() - interval '1 hour'")
        connection.exec_driver_sql("update tick_schedule set due_at = now() - interval '1 hour'")


def watch_events(here: World) -> list[dict[str, Any]]:
    return [
        dict(event.attributes) for event in here.sandbox.new_relic.events if event.account == "99"
    ]


def test_the_operator_is_alerted_while_roles_do_not_tick(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world()
    here.sandbox.new_relic.clock = utc_now
    here.sandbox.new_relic.accounts["99"] = KEY
    overdue_by_an_hour(here)
    unwell = watch(service)
    assert unwell.returncode == 1
    assert unwell.stdout.startswith("UNWELL\n1 of 1 roles did not tick")
    assert [incident.title for incident in here.sandbox.new_relic.open_incidents()] == [
        "guv does not do its work"
    ]
    tick_due(here.runtime, [here.role.id])
    well = watch(service)
    assert (well.returncode, well.stdout.splitlines()[0]) == (0, "ok")
    assert here.sandbox.new_relic.open_incidents() == []
    figures = [event for event in watch_events(here) if event["eventType"] == "GuvWatch"]
    assert [(event["well"], event["overdue"]) for event in figures] == [(0, 1), (1, 0)]
    assert here.sandbox.new_relic.errors == []
    assert KEY not in unwell.stdout + unwell.stderr + well.stdout


def test_without_a_new_relic_account_late_roles_are_only_printed(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world()
    overdue_by_an_hour(here)
    del (bare := dict(service))["NEW_RELIC_ACCOUNT_ID"]
    assert watch(bare).returncode == 1
    assert watch_events(here) == []


def test_a_database_outage_alerts_the_operator_too(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world()
    here.sandbox.new_relic.clock = utc_now
    here.sandbox.new_relic.accounts["99"] = KEY
    away = watch({**service, "DATABASE_URL": "postgres://u:database-marker@127.0.0.1:9/x"})
    assert away.returncode == 2
    assert "database does not answer" in away.stdout
    (incident,) = here.sandbox.new_relic.open_incidents()
    assert "database does not answer" in incident.description
    assert "marker" not in away.stdout + away.stderr


def test_a_refused_license_key_is_printed(world: MakeWorld, service: Mapping[str, str]) -> None:
    world()
    done = watch(service)
    assert done.returncode == 1
    assert "license key" in done.stdout


def test_a_missing_environment_variable_is_named() -> None:
    done = watch({})
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stdout
