"""The stand-ins in a process of their own: `python -m sandbox [--port N] [--client-secret TEXT]`.

Prints their addresses as one line of JSON as soon as they answer, and runs until SIGTERM or Ctrl-C.
"""

import argparse
import contextlib
import json
import signal
from typing import NoReturn

from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running


def main() -> None:
    """Run the stand-ins until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 for a free one")
    parser.add_argument("--client-secret", default="", help="guv's OAuth client secret")
    options = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored, and Python then leaves it so.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _leave)
    outside = Outside(heroku=Heroku(client_secret=options.client_secret))
    with contextlib.suppress(KeyboardInterrupt), running(outside, port=options.port) as sandbox:
        print(json.dumps(addresses(sandbox)), flush=True)
        signal.pause()


def addresses(sandbox: Sandbox) -> dict[str, str]:
    """Return the address of each stand-in, by guv's environment variable where there is one."""
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
