"""The stand-ins in a process of their own: `python -m sandbox [--port N] [--client-secret TEXT]`.

Prints one line of JSON with their addresses as soon as they answer, and runs until it is ended.
"""

import argparse
import contextlib
import json
import signal
from typing import NoReturn

from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running


def main() -> None:
    """Nothing; ends by SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0: a free port")
    parser.add_argument("--client-secret", default="", help="guv's OAuth client secret")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    outside = Outside(heroku=Heroku(client_secret=options.client_secret))
    with contextlib.suppress(KeyboardInterrupt), running(outside, port=options.port) as sandbox:
        print(json.dumps(addresses(sandbox)), flush=True)
        signal.pause()


def addresses(sandbox: Sandbox) -> dict[str, str]:
    """Where what answers, by the names of guv's environment variables where it has one."""
    return {
        "HEROKU_API_URL": sandbox.url,
        "HEROKU_ID_URL": sandbox.url,
        "NEW_RELIC_EVENTS_URL": sandbox.url,
        "broker": sandbox.url,
        "control": f"{sandbox.url}/sandbox",
    }


def _leave(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
