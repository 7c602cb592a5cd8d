"""The periodic job as cron runs it: a process with an exit status and output."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from guv.config import Config
from sandbox.server import Sandbox
from tests.worker.commands import run
from tests.worker.world import World

MakeWorld = Callable[..., World]
Once = Callable[..., subprocess.CompletedProcess[str]]


def once(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the periodic job with only this environment."""
    return run("worker.once", environment, arguments)


@pytest.fixture
def service(outside_config: Config, encryption_key: str) -> Mapping[str, str]:
    """Return the service's environment without Redis."""
    return {
        "DATABASE_URL": outside_config.database_url.get_secret_value(),
        "GUV_ENCRYPTION_KEYS": encryption_key,
        "GUV_ADDON_PASSWORD": "addon-password-marker",
        "GUV_OAUTH_CLIENT_SECRET": "oauth-secret-marker",
        "GUV_ALLOWED_NETWORKS": "127.0.0.0/8",
        "HEROKU_API_URL": outside_config.heroku_api_url,
        "HEROKU_ID_URL": outside_config.heroku_id_url,
        "NEW_RELIC_EVENTS_URL": str(outside_config.new_relic_events_url),
    }


def test_all_due_roles_tick_once_without_clock_and_redis(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world(maximum_dynos=20, processing_time=10.0, target_deadline=120.0)
    other = here.add_role("web", queues=["worker"], maximum_dynos=1, target_deadline=5000.0)
    with here.runtime.engine.begin() as connection:  # longer than two processes take to start
        connection.exec_driver_sql("update tick_schedule set interval_s = 600")
    here.publish(100)
    here.make_due()

    done = once(**service)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert len(done.stdout.splitlines()) == 3
    assert {row.role_id for row in here.decisions()} == {here.role.id, other.id}
    assert here.dynos() > 1
    assert once(**service).stdout.splitlines()[1:] == []  # nobody is due any more


def test_a_role_in_trouble_sets_the_exit_status(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world(queues=["nowhere"])
    here.make_due()
    done = once(**service)

    assert done.returncode == 1
    assert "nowhere" in done.stdout
    assert here.decisions()[0].reason == "no_data"


def test_a_dry_run_of_the_service_scales_nobody(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world(maximum_dynos=20)
    here.publish(100)
    here.make_due()
    once("--dry-run", **service)

    assert here.dynos() == 1
    assert here.decisions()[0].outcome == "skipped"


def test_chores_are_done_where_no_clock_runs(world: MakeWorld, service: Mapping[str, str]) -> None:
    here = world()
    once(**service)
    with here.runtime.engine.connect() as connection:
        done = set(connection.exec_driver_sql("select name from chore").scalars())
        days = connection.exec_driver_sql(
            "select count(*) from pg_inherits where inhparent = 'decision'::regclass"
        ).scalar_one()

    assert done >= {"partitions"}
    assert days > 1


def test_a_suspended_tenants_roles_are_said_to_get_no_tick(
    world: MakeWorld, service: Mapping[str, str]
) -> None:
    here = world()
    here.make_due()
    here.change(here.tenant, suspended="an unpaid bill")
    done = once(**service)

    assert done.returncode == 1
    assert "1 roles got no tick: suspended" in done.stderr


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is required"),
        ({"DATABASE_URL": "postgres://u:marker@127.0.0.1:9/x"}, "The database does not answer"),
    ],
)
def test_a_service_that_cannot_run_says_why_and_shows_no_secret(
    service: Mapping[str, str], changed: Mapping[str, str], message: str
) -> None:
    done = once(**{**service, **changed})

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "marker" not in done.stderr


def test_a_file_is_ticked_with_a_key_and_a_brokers_url_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    app = sandbox.heroku.new_app("shop", {"worker": 1})
    access = sandbox.broker.new_vhost("shop")
    sandbox.broker.declare("shop", "worker")
    for _ in range(50):
        sandbox.broker.publish("shop", "worker", b"")
    file = tmp_path / "guv.yaml"
    file.write_text("worker: {max: 10, p: 10, deadline: 200}\n")
    keys = {
        "HEROKU_API_KEY": sandbox.heroku.authorizations.user_token(app, "owner@example.com"),
        "GUV_BROKER": access.management_url(sandbox.url),
        "HEROKU_API_URL": sandbox.url,
        "GUV_APP": "shop",
    }

    tried = once(file, "--dry-run", "--history", tmp_path / "dry.json", **keys)
    assert (tried.returncode, app.types["worker"].quantity) == (0, 1)
    done = once(file, **keys)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split()[:3] == ["shop/worker", "50", "1"]
    assert app.types["worker"].quantity > 1
    assert (tmp_path / "guv.yaml.history.json").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "guv.yaml: No such file or directory"),
        (b"worker: [", "The file is not valid YAML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"worker: {app: shop, max: -1}", "worker.maximum_dynos"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(
    tmp_path: Path, text: bytes | None, message: str
) -> None:
    file = tmp_path / "guv.yaml"
    if text is not None:
        file.write_bytes(text)
    done = once(file, HEROKU_API_KEY="key-marker", GUV_BROKER="amqps://u:marker@h/v")

    assert done.returncode == 2
    assert message in done.stderr
    assert "marker" not in done.stderr
    assert "Traceback" not in done.stderr
