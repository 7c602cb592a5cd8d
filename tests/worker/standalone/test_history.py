import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from guv.clock import unix_seconds
from guv.scaling import Sample
from tests.builders import NOON
from worker.standalone.history import HistoryFile
from worker.standalone.roles import CannotRun


def at(minutes: float, ready: int = 1) -> Sample:
    return Sample(unix_seconds(NOON + timedelta(minutes=minutes)), ready, 0, 10, 9, 1, 2)


def reread(path: Path, minutes: float = 0) -> HistoryFile:
    history = HistoryFile(path)
    history.read(NOON + timedelta(minutes=minutes))
    return history


def test_added_samples_are_there_at_the_next_run(tmp_path: Path) -> None:
    history = reread(tmp_path / "h.json")
    history.add("shop/worker", at(0, ready=7))
    history.add("shop/mails", at(0))
    history.write()

    assert reread(tmp_path / "h.json", 1).of("shop/worker") == (at(0, ready=7),)
    assert stat.S_IMODE((tmp_path / "h.json").stat().st_mode) == 0o600


def test_a_history_keeps_the_last_hours_and_no_sample_of_the_future(
    tmp_path: Path,
) -> None:
    history = reread(tmp_path / "h.json")
    for minutes in (-361, -359, 5):
        history.add("shop/worker", at(minutes))
    history.write()

    assert reread(tmp_path / "h.json").of("shop/worker") == (at(-359),)


DAMAGED = [
    "",
    "{",
    "[" * 200_000,
    "[]",
    '{"roles": 1}',
    '{"columns": ["at"], "roles": {"a": [[1, 2]]}}',
    '{"columns": ["at", "dynos"], "roles": {"a": [[1, "two"]]}}',
    '{"columns": ["at", "dynos"], "roles": {"a": [[1, 2.5]]}}',
    '{"columns": ["at", "dynos"], "roles": {"a": [[NaN, 2]]}}',
    '{"columns": ["dynos"], "roles": {"a": [[2]]}}',
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_history_begins_anew_with_a_notice(tmp_path: Path, text: str) -> None:
    path = tmp_path / "h.json"
    path.write_text(text)
    history = reread(path)

    assert history.of("a") == ()
    assert "begins anew" in history.note


def test_unknown_columns_of_a_history_are_left_out(tmp_path: Path) -> None:
    path, stamp = tmp_path / "h.json", unix_seconds(NOON) - 60
    path.write_text(json.dumps({"columns": ["at", "colour"], "roles": {"a": [[stamp, "red"]]}}))

    assert reread(path).of("a") == (Sample(stamp),)


def test_a_run_that_dies_while_writing_leaves_the_old_history(tmp_path: Path) -> None:
    path = tmp_path / "h.json"
    history = reread(path)
    history.add("a", at(-1))
    history.write()
    (tmp_path / "h.json.new").write_text('{"columns": ["at"], "ro')

    assert reread(path).of("a") == (at(-1),)


def test_two_runs_do_not_hold_the_history_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "h.json"
    with (
        HistoryFile(path).held(),
        pytest.raises(CannotRun, match="another run"),
        HistoryFile(path).held(),
    ):
        pass
    with HistoryFile(path).held():
        assert (tmp_path / "h.json.lock").exists()
