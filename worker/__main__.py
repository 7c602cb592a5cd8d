"""`python -m worker` runs the ticks; see `worker.pool`."""

from guv import agent

agent.start()  # before RQ, Redis and httpx are imported

from worker.pool import main  # noqa: E402

if __name__ == "__main__":
    main()
