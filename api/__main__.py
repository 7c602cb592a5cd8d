"""`python -m api` answers requests; see `api.app`."""

import argparse
import os

from guv import agent

GRACE_S = 20  # for requests under way; Heroku ends a process 30 seconds after it was asked to
IDLE_S = 95  # Heroku's router keeps an idle connection for 90 s, and would send into a closed one


def main() -> None:
    """Nothing; the web process, until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - Heroku's router comes from outside
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
    asked = parser.parse_args()
    agent.start()
    import uvicorn  # noqa: PLC0415 - what is imported after the agent's start is watched

    uvicorn.run(
        "api.app:make_app",
        factory=True,
        workers=1,  # Heroku sets WEB_CONCURRENCY for others; a process's connections are counted
        host=asked.host,
        port=asked.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=IDLE_S,
    )


if __name__ == "__main__":
    main()
