"""New Relic's agent for guv's own processes, in the operator's account.

It is off without NEW_RELIC_LICENSE_KEY: nothing is measured and nothing is sent. Other settings are
the agent's own variables, such as NEW_RELIC_APP_NAME. What the agent shall instrument by itself
(web requests, calls, queries) has to be imported after `start`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import newrelic.agent

CONNECT_S = 5.0  # longest wait for New Relic when a process starts
END_S = 5.0  # for the last data; the work before has used most of Heroku's 30 s after SIGTERM
NAME = "guv"
# Exceptions and log lines may hold tenants' data, which must not reach the operator's account.
_EXCLUDED = ["request.headers.*", "request.parameters.*", "http.url"]


def start(environment: Mapping[str, str] = os.environ) -> bool:
    """Start the agent if there is a license key; returns whether there is."""
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
    """Connect a measured process to New Relic, within `CONNECT_S`.

    Threads do not survive a fork, so each process connects for itself.
    """
    if newrelic.agent.global_settings().enabled:
        newrelic.agent.register_application(timeout=CONNECT_S)


def end() -> None:
    """Send what was measured and not sent yet, within `END_S`."""
    if is_watched():
        newrelic.agent.shutdown_agent(END_S)


@contextmanager
def task(name: str, group: str) -> Iterator[None]:
    """Measure a block as a task of a group, with its duration and errors."""
    application = _application()
    if application is None:
        yield
        return
    with newrelic.agent.BackgroundTask(application, name, group=group):
        yield


def measure(name: str, value: float = 1.0) -> None:
    """Record a value of the metric `Custom/Guv/<name>`."""
    application = _application()
    if application is not None:
        application.record_custom_metric(f"Custom/Guv/{name}", value)


def notice(error: BaseException) -> None:
    """Count an error by its class, without its text."""
    application = _application()
    if application is not None:
        application.notice_error(error=(type(error), error, error.__traceback__))


def is_watched() -> bool:
    """Whether measurements are sent anywhere."""
    return _application() is not None


def _application() -> Any:
    """Return the agent's application if it is connected, else None."""
    application = newrelic.agent.application(activate=False)
    return application if application is not None and application.active else None
