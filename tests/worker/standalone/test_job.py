"""Roles of a file, scaled with only an API key and a broker's URL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.heroku.model import App
from sandbox.server import Sandbox
from sandbox.traffic import Fault
from tests.worker.world import MovedClock
from worker.once import is_well, table_of
from worker.standalone.job import Job, run
from worker.standalone.roles import CannotRun
from worker.tick.result import TickResult

ROLES = "worker: {max: 20, p: 10, boot: 5, deadline: 200}\n"


@dataclass
class Shop:
    """An app, its broker, and a file of its roles."""

    sandbox: Sandbox
    clock: MovedClock
    app: App
    vhost: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, roles: str = ROLES, *, after: float = 60, dry_run: bool = False) -> TickResult:
        """Run the job for the role of the file."""
        [result] = self.run_all(roles, after=after, dry_run=dry_run)
        return result

    def run_all(self, roles: str, *, after: float = 60, dry_run: bool = False) -> list[TickResult]:
        self.clock.now += timedelta(seconds=after)
        file = self.folder / "guv.yaml"
        file.write_text(roles)
        return run(Job(file, self.app.name, dry_run=dry_run), self.environment, self.clock.now)

    def publish(self, count: int, queue: str = "worker") -> None:
        self.sandbox.broker.declare(self.vhost, queue)
        for _ in range(count):
            self.sandbox.broker.publish(self.vhost, queue, b"")

    @property
    def dynos(self) -> int:
        return self.app.types["worker"].quantity


@pytest.fixture
def shop(
    sandbox: Sandbox, clock: MovedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    monkeypatch.setenv("HEROKU_API_URL", sandbox.url)
    for name in ("DATABASE_URL", "REDIS_URL", "GUV_ENCRYPTION_KEYS", "GUV_ADDON_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    app = sandbox.heroku.new_app("shop", {"web": 1, "worker": 1, "mails": 2})
    access = sandbox.broker.new_vhost("shop")
    sandbox.broker.declare("shop", "worker")
    environment = {
        "HEROKU_API_KEY": sandbox.heroku.authorizations.user_token(app, "owner@example.com"),
        "GUV_BROKER": access.management_url(sandbox.url),
    }
    return Shop(sandbox, clock, app, "shop", tmp_path, environment)


def test_a_backlog_brings_dynos_without_any_service(shop: Shop) -> None:
    shop.publish(200)
    result = shop.run()

    assert result.actuated.outcome == "scaled"
    assert shop.dynos == result.decision.desired
    assert shop.dynos > 10


def test_samples_of_an_earlier_run_count_at_the_next_run(shop: Shop) -> None:
    shop.publish(20)
    first = shop.run()
    shop.publish(30)
    second = shop.run()

    assert first.decision.estimates.arrival_rate is None
    assert second.decision.estimates.arrival_rate == pytest.approx(0.5)
    assert len(second.context.history) == 1


def test_a_dry_run_decides_and_changes_nothing(shop: Shop) -> None:
    shop.publish(200)
    result = shop.run(dry_run=True)

    assert (result.actuated.outcome, shop.dynos) == ("skipped", 1)
    assert "would have asked for" in str(result.actuated.error)
    assert is_well(result)


def test_the_roles_of_an_app_share_one_reading_of_its_formation(shop: Shop) -> None:
    shop.publish(1, "mails")
    assert [result.decision.current for result in shop.run_all("worker: {}\nmails: {}\n")] == [1, 2]
    assert len(shop.sandbox.traffic.requests("GET", f"/apps/{shop.app.id}/formation")) == 1


def test_a_dyno_limit_that_heroku_names_is_respected(shop: Shop) -> None:
    shop.app.limit = 4
    shop.publish(200)
    shop.run()

    assert shop.dynos == 4


def test_one_missing_queue_stops_no_other_role(shop: Shop) -> None:
    shop.publish(200)
    missing, fine = shop.run_all("mails: {q: nowhere}\nworker: {max: 20, p: 10}\n")

    assert (missing.actuated.outcome, fine.actuated.outcome) == ("held", "scaled")
    assert not is_well(missing)
    assert "nowhere" in table_of([missing, fine])


def test_a_broker_that_is_away_scales_nobody(shop: Shop) -> None:
    shop.environment["GUV_BROKER"] = "http://me:marker@127.0.0.1:9"
    result = shop.run()

    assert (result.actuated.outcome, shop.dynos) == ("held", 1)
    assert not is_well(result)
    assert "marker" not in table_of([result])


def test_the_older_name_of_the_brokers_variable_works(shop: Shop) -> None:
    shop.environment["CLOUDAMQP_URL"] = shop.environment.pop("GUV_BROKER")
    assert shop.run().actuated.outcome == "held"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"HEROKU_API_KEY": ""}, "HEROKU_API_KEY is not set"),
        ({"HEROKU_API_KEY": "marker\n"}, "HEROKU_API_KEY must be one token"),
        ({"HEROKU_API_KEY": "clé-marker"}, "HEROKU_API_KEY must be one token"),
        ({"GUV_BROKER": ""}, "GUV_BROKER or CLOUDAMQP_URL must hold"),
        ({"GUV_BROKER": "marker"}, "GUV_BROKER must begin with amqps://"),
        ({"HEROKU_API_KEY": "marker"}, "app 'shop': Heroku answers"),
    ],
)
def test_a_missing_or_wrong_api_key_is_named(
    shop: Shop, environment: Mapping[str, str], message: str
) -> None:
    shop.environment |= environment
    with pytest.raises(CannotRun, match=message) as refused:
        shop.run()
    assert "marker" not in str(refused.value)
    assert shop.dynos == 1


def test_a_missing_app_is_named(shop: Shop) -> None:
    with pytest.raises(CannotRun, match="app 'nobodys'"):
        shop.run("worker: {app: nobodys}\n")


def test_a_revoked_api_key_scales_nobody_and_is_not_refreshed(shop: Shop) -> None:
    shop.publish(200)
    path = f"/apps/{shop.app.id}/formation"
    shop.sandbox.traffic.add_fault(Fault(path, status=401))
    result = shop.run()

    assert (result.actuated.outcome, shop.dynos) == ("skipped", 1)
    assert "until it is authorized again" in table_of([result])


def test_the_printed_table_has_one_line_a_role(shop: Shop) -> None:
    shop.publish(200)
    lines = table_of([shop.run()]).splitlines()

    assert lines[0].split() == ["role", "backlog", "dynos", "desired", "outcome", "reason"]
    assert lines[1].split()[:3] == ["shop/worker", "200", "1"]
    assert len(lines) == 2
