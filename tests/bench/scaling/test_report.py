"""Tables and report of the benchmark."""

from pathlib import Path

import pytest

from bench.__main__ import main
from bench.scaling.peers import PEERS, Truth
from bench.scaling.report import write
from bench.scaling.runs import Row, run_all
from bench.scaling.scenarios import SYNTHETIC
from bench.scaling.simulator import simulate
from bench.scaling.tables import by_scenario, percent, summary, table


def row(scenario: str, scaler: str, on_time: float, cost: float, **more: float) -> Row:
    return Row(
        scenario=scenario,
        scaler=scaler,
        on_time=on_time,
        cost=cost,
        changes_per_hour=more.get("changes", 5.0),
        cut=int(more.get("cut", 0)),
        lost=0.0,
        p99=0.5,
        worst=1.0,
        feasible=bool(more.get("feasible", 1)),
    )


def test_a_table_has_columns_as_wide_as_their_widest_cell() -> None:
    assert table(("a", "long"), [("xyz", "1")]).splitlines() == [
        "| a   | long |",
        "| --- | ---- |",
        "| xyz | 1    |",
    ]


def test_a_share_just_below_is_never_rounded_up() -> None:
    assert percent(0.98999) == "98.99 %"
    assert percent(1.0) == "100.00 %"


def test_a_missed_share_and_an_impossible_scenario_are_marked() -> None:
    lines = by_scenario([row("x", "guv", 0.98, 1.0), row("y", "guv", 1.0, 1.0, feasible=0)])

    assert "98.00 % !" in lines
    assert "1.00 *" in lines


def test_the_summary_counts_only_what_could_be_met() -> None:
    rows = [row("x", "guv", 1.0, 1.2), row("y", "guv", 0.5, 9.0, feasible=0)]

    assert "1 of 1" in summary(rows)
    assert "1.20" in summary(rows)


def test_the_summary_compares_costs_where_both_have_met() -> None:
    rows = [
        row("x", "guv", 1.0, 1.0),
        row("x", "peer", 1.0, 1.5),
        row("y", "guv", 1.0, 1.0),
        row("y", "peer", 0.5, 0.1),
    ]

    assert summary(rows).splitlines()[-1].rstrip(" |").endswith("1.50")


def test_the_report_names_where_guv_loses(tmp_path: Path) -> None:
    rows = [
        row("steady", "guv", 0.97, 1.0, changes=9),
        row("tight", "guv", 1.0, 2.0, changes=9),
        row("tight", "keda-tuned", 1.0, 1.5, changes=1),
        row("steady", "keda-tuned", 1.0, 1.5, changes=1),
    ]
    write(rows, tmp_path / "benchmark.md")

    text = (tmp_path / "benchmark.md").read_text()
    assert "did not: steady (97.00 %)" in text
    assert "tight (keda-tuned 1.50, guv 2.00)" in text
    assert "guv or more:\n  keda-tuned." in text


def test_the_report_comes_with_figures_and_plots(tmp_path: Path) -> None:
    write([row("spike-within", "guv", 1.0, 1.0)], tmp_path / "benchmark.md")

    names = {path.name for path in (tmp_path / "benchmark").iterdir()}
    assert names == {"figures.csv", "overview.svg", "spike-within.svg"}


def test_the_same_figures_give_the_same_report(tmp_path: Path) -> None:
    rows = [row("steady", "guv", 1.0, 1.0)]
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        write(rows, tmp_path / folder / "benchmark.md")

    first, second = (tmp_path / name / "benchmark" for name in ("first", "second"))
    assert (first / "overview.svg").read_bytes() == (second / "overview.svg").read_bytes()


def test_runs_give_a_row_per_scaler() -> None:
    (rows,) = run_all(["sparse-tight"], ["on-off", "fixed-maximum"], processes=1)

    assert [(each.scenario, each.scaler) for each in rows] == [
        ("sparse-tight", "on-off"),
        ("sparse-tight", "fixed-maximum"),
    ]
    assert all(each.cost >= 1.0 for each in rows)


def test_the_command_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--scenarios", "sparse-tight", "--policies", "on-off*", "--processes", "1"])

    printed = capsys.readouterr().out
    assert "| sparse-tight | on-off-maximum |" in printed
    assert "| on-off         | 1 of 1" in printed


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(SystemExit, match="no scenario or scaler matches 'nonsense'"):
        main(["--scenarios", "nonsense"])


def test_a_careful_user_knows_the_true_figures() -> None:
    scenario = next(r for r in SYNTHETIC if r.name == "processing-told-short").build()
    truth = Truth.of(scenario)

    assert truth.processing == pytest.approx(9.0, rel=0.02)
    assert truth.per_dyno == (120 - 30 - truth.processing) // truth.processing


def test_every_peer_scales_without_an_error() -> None:
    scenario = next(r for r in SYNTHETIC if r.name == "batches-tight").build()

    for peer in PEERS[1:]:
        assert simulate(scenario, peer.make(scenario)).jobs == len(scenario.arrivals)


def test_peers_have_names_of_their_own() -> None:
    names = [peer.name for peer in PEERS]

    assert names[0] == "guv"
    assert len(names) == len(set(names))
