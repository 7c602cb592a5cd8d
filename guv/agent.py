"""How does the operator see guv's own processes? With New Relic's agent, in the operator's account.

It is off without NEW_RELIC_LICENSE_KEY: nothing is watched and nobody is called. Other settings are
the agent's own variables, such as NEW_RELIC_APP_NAME. Whatever is to be watched by itself (web
requests, calls, queries) has to be imported after `start`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import newrelic.agent

CONNECT_S = 5.0
END_S = 5.0  # what is left after a process stopped its work, of Heroku's 30 seconds
NAME = "guv"
# Exceptions and log lines may hold what tenants sent; the operator's account is not theirs.
_EXCLUDED = ["request.headers.*", "request.parameters.*", "http.url"]


def start(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is watched."""
    if not environment.get("NEW_RELIC_LICENSE_KEY"):
        return False
    newrelic.agent.initialize()
    settings = newrelic.agent.global_settings()
    settings.app_name = environment.get("NEW_RELIC_APP_NAME") or NAME
    settings.strip_exception_messages.enabled = True
    settings.application_logging.enabled = False
    settings.attributes.exclude = [*settings.attributes.exclude, *_EXCLUDED]
    return True


def connect() -> None:
    """Nothing; a watched process is known to New Relic, or was not within some seconds.

    Threads do not survive a fork, so each process connects for itself.
    """
    if newrelic.agent.global_settings().enabled:
        newrelic.agent.register_application(timeout=CONNECT_S)


def end() -> None:
    """Nothing; what was measured and not yet delivered is delivered, where that is possible."""
    if is_watched():
        newrelic.agent.shutdown_agent(END_S)


@contextmanager
def task(name: str, group: str) -> Iterator[None]:
    """A block that is one task of its group, with its time and its errors."""
    application = _application()
    if application is None:
        yield
        return
    with newrelic.agent.BackgroundTask(application, name, group=group):
        yield


def measure(name: str, value: float = 1.0) -> None:
    """Nothing; the metric `Custom/Guv/<name>` has one value more."""
    application = _application()
    if application is not None:
        application.record_custom_metric(f"Custom/Guv/{name}", value)


def notice(error: BaseException) -> None:
    """Nothing; the error is counted by its class, without its text."""
    application = _application()
    if application is not None:
        application.notice_error(error=(type(error), error, error.__traceback__))


def is_watched() -> bool:
    """Whether anything that is measured goes anywhere."""
    return _application() is not None


def _application() -> Any:
    """The agent's application, where it is connected; else None."""
    found = newrelic.agent.application(activate=False)
    return found if found is not None and found.active else None
