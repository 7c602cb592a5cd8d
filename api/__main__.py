"""Entry point of the web process: `python -m api`."""

import argparse
import os

from guv import agent

GRACE_S = 20  # for requests in flight; Heroku kills a process 30 s after SIGTERM
IDLE_S = 95  # Heroku's router reuses an idle connection for 90 s, so it must not be closed before


def main() -> None:
    """Serve requests until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - requests come from Heroku's router
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
    options = parser.parse_args()
    agent.start()
    import uvicorn  # noqa: PLC0415 - the agent instruments what is imported after its start

    uvicorn.run(
        "api.app:make_app",
        factory=True,
        workers=1,  # ignore Heroku's WEB_CONCURRENCY: each process has its own database connections
        host=options.host,
        port=options.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=IDLE_S,
    )


if __name__ == "__main__":
    main()
