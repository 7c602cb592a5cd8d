"""The fleet's benchmark, in short: all of guv's processes, over TLS, for seconds."""

import sys

import pytest

from bench import fleet

pytestmark = pytest.mark.system


def test_a_small_fleet_ticks_and_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "--roles 40 --each 2 --interval 2 --warm-ups 2 --seconds 6 --samples 20"
    monkeypatch.setattr(sys, "argv", ["bench.fleet", *given.split()])
    fleet.main()
    head, row, _, stored = capsys.readouterr().out.strip().splitlines()
    names, cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in (head, row))
    figures = dict(zip(names, cells, strict=True))
    assert figures["roles"] == "40, 2 an app"
    assert 0 < int(figures["ticks/s (wanted)"].split()[0]) <= 40
    # One broker in twenty hangs; the roles of all others have data.
    assert 0 < int(figures["without data"].removesuffix(" %")) < 50
    assert stored.startswith("bytes a row with its indexes: decision_full ")
