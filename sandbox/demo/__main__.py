"""`python -m sandbox.demo`: guv with real servers and a made-up world, until Ctrl-C.

All files are in one temporary folder, which is removed at the end.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import httpx
from rich.console import Console
from rich.live import Live

from sandbox import services
from sandbox.demo.calls import CallFailed
from sandbox.demo.environment import Environment, calls, demo_environment
from sandbox.demo.outcome import outcome
from sandbox.demo.scenario import SHORTEST_CYCLE, Scenario
from sandbox.demo.state import Moment, look
from sandbox.demo.view import decision_lines, incident_lines, table
from sandbox.heroku.customer import PartnerRefused

_BEAT = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the demo; return 0 when it showed everything or was ended by hand, else 1."""
    options = _options()
    for name in _SIGNALS:
        # A shell starts background jobs with SIGINT ignored; only nohup means what it does.
        if name is not signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _leave)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="guv-demo-", ignore_cleanup_errors=True) as folder:
        try:
            return _play(console, Path(folder), options)
        except KeyboardInterrupt:
            console.print("\nStopped; nothing is left behind.")
            return 0
        except (services.ServiceFailed, PartnerRefused, CallFailed) as failure:
            console.print(str(failure), style="red", markup=False)
            return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument(
        "--exit-after", type=float, help="seconds after which the demo ends by itself"
    )
    parser.add_argument(
        "--cycle", type=float, default=Scenario().cycle, help="seconds of one round"
    )
    parser.add_argument(
        "--broker",
        choices=("auto", "rabbitmq", "memory"),
        default="auto",
        help="the tenant's broker",
    )
    options = parser.parse_args()
    if options.cycle < SHORTEST_CYCLE:
        parser.error(f"--cycle must be at least {SHORTEST_CYCLE:g}")
    return options


def _leave(*_: object) -> NoReturn:
    """End the demo; while everything stops, another signal changes nothing."""
    for name in _SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def _play(console: Console, folder: Path, options: argparse.Namespace) -> int:
    started, plan = time.monotonic(), Scenario(cycle=options.cycle)
    rabbitmq = options.broker == "rabbitmq" or (
        options.broker == "auto" and services.find_rabbitmq() is not None
    )
    with demo_environment(folder, plan, rabbitmq=rabbitmq, say=console.print) as environment:
        _introduce(console, environment, plan)
        with environment.workload.running():
            console.print(f"Ready after {time.monotonic() - started:.1f} s.\n")
            _show(console, environment, options.exit_after)
            result = outcome(environment)
    _plain(console, str(result))
    if result.missing and options.exit_after is not None and options.exit_after < options.cycle:
        _plain(console, f"One round takes {options.cycle:g} s; give --exit-after as long.")
    return 1 if result.missing else 0


def _introduce(console: Console, environment: Environment, plan: Scenario) -> None:
    """Set guv up as a tenant would, and print how."""
    console.print(f"\nBroker: {environment.broker.kind}. The tenant calls guv with:\n")
    _plain(console, f"export GUV_URL={environment.guv_url}")
    _plain(console, f"open {environment.pages}    # heroku addons:open guv")
    for call in calls(environment.broker, plan):
        _plain(console, call.as_curl())
        call.make(environment.api)
    console.print()


def _show(console: Console, environment: Environment, seconds: float | None) -> None:
    end = time.monotonic() + (seconds if seconds is not None else float("inf"))
    with _screen(console, environment) as show:
        while time.monotonic() < end:
            # Without an answer the last picture stays: somebody may be trying what happens.
            with contextlib.suppress(httpx.HTTPError):
                show(look(environment))
            time.sleep(_BEAT)


@contextlib.contextmanager
def _screen(console: Console, environment: Environment) -> Iterator[Callable[[Moment], None]]:
    """Yield what shows a moment: in one place of a terminal, or line by line elsewhere."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    guv = environment.fleet
    links = f"Pages {environment.pages}   API {guv.api_url}   logs {guv.folder}   Ctrl-C ends"
    with Live(console=console, auto_refresh=False) as live:
        yield lambda moment: live.update(table(moment, links, console.height), refresh=True)


class _Lines:
    """Prints what is new since the last moment."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._decision = 0
        self._incidents: list[str] = []

    def show(self, moment: Moment) -> None:
        """Print new decisions and new states of incidents."""
        for line in decision_lines(moment, self._decision):
            _plain(self._console, line)
        self._decision = max([self._decision, *(decision["id"] for decision in moment.decisions)])
        incidents = incident_lines(moment)
        for line in incidents:
            if line not in self._incidents:
                _plain(self._console, line)
        self._incidents = incidents


def _plain(console: Console, line: str) -> None:
    """Print a line unchanged, so that it can be copied."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
