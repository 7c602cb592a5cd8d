"""The operator's commands, and their effects on a tenant and its roles."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from guv import operate
from guv.clock import utc_now
from guv.config import Config
from guv.roles.models import TickSchedule
from tests.worker.world import World
from worker import jobs

MakeWorld = Callable[..., World]


@pytest.fixture
def here(world: MakeWorld, config: Config, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose database the commands find in their environment."""
    monkeypatch.setenv("DATABASE_URL", config.database_url.get_secret_value())
    keys = config.guv_encryption_keys.get_secret_value()
    monkeypatch.setenv("GUV_ENCRYPTION_KEYS", keys)
    return world()


def ticked(here: World) -> int:
    """Tick the role once more and return the number of its decisions."""
    here.make_due()
    jobs.tick_due(here.runtime, [here.role.id])
    return len(here.decisions())


def test_a_suspended_tenant_ticks_no_more_until_it_is_resumed(here: World) -> None:
    assert ticked(here) == 1
    assert operate.main(["suspend", str(here.tenant.id), "an unpaid bill"]) == 0
    assert ticked(here) == 1
    assert operate.main(["resume", here.tenant.name]) == 0
    assert ticked(here) == 2


def test_a_role_is_retried_at_once_whatever_failed_before(here: World) -> None:
    later = utc_now() + timedelta(hours=1)
    with Session(here.runtime.engine) as session:
        schedule = session.get_one(TickSchedule, here.role.id)
        schedule.due_at = schedule.queued_until = later
        session.add(schedule)
        session.commit()
    here.change(here.broker, failures=9, retry_at=later, note="away")
    here.change(here.app, authorization_state="needs_authorization", authorization_retry_at=later)
    here.change(here.role, platform_limit=1, platform_limit_until=later)

    assert operate.main(["retry", here.tenant.name, here.app.name, "worker"]) == 0
    assert len(jobs.tick_due(here.runtime, [here.role.id])) == 1
    [decision] = here.decisions()
    assert (decision.outcome, decision.current) == ("held", 1)
    assert here.stored_role().platform_limit is None


@pytest.mark.parametrize(
    "command", [["resume", "nobody"], ["retry", "nobody", "shop", "worker"], ["suspend", "x", "y"]]
)
def test_operator_commands_name_an_unknown_tenant(
    here: World, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.tenant.name != command[1]
    assert operate.main(command) == 1
    assert "Couldn't find the tenant" in capsys.readouterr().err


def test_operator_commands_name_an_unknown_role(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operate.main(["retry", here.tenant.name, here.app.name, "nobodys"]) == 1
    assert "nobodys" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["suspend", "x"], ["suspend", "x", " "], ["delete", "x"]])
def test_an_invalid_operator_command_is_refused(command: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        operate.main(command)
    assert ended.value.code == 2
