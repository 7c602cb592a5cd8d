"""Watch over all roles from outside, which wakes the operator: `python -m worker.watch`.

It needs the database only, so it works where clock, workers or Redis are the trouble. Run it every
few minutes from Heroku Scheduler or cron: each run says how it is in New Relic (`GuvWatch`), and
opens or resolves one incident there, where an account is configured. Its own silence is a lost
signal there.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from guv.clock import unix_milliseconds, utc_now
from guv.config import Config, unusable
from guv.database import command_engine, trouble_with
from guv.errors import NotifierFailed
from guv.logging import configure_logs
from guv.notifications.incident_messages import incident_event
from guv.notifications.newrelic import Event, EventClient
from guv.roles.fleet_health import Watch, look
from worker.process.exit_status import UNUSABLE, UNWELL, WELL, read_periodic_config


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 all is well; 1 guv does not do its work; 2 unknown."""
    argparse.ArgumentParser(
        prog="python -m worker.watch",
        description="Whether the roles of all tenants tick and their wishes are carried out.",
        epilog="Exit status: 0 all is well; 1 guv does not do its work; 2 that cannot be said.",
    ).parse_args(arguments)
    configure_logs("WARNING", json=False)
    now = utc_now()
    try:
        config = read_periodic_config()
    except ValidationError as error:
        return _say(UNUSABLE, unusable(error).splitlines())
    watch, alarms = _look(config, now)
    if watch is not None:
        counts = ", ".join(f"{name} {value:g}" for name, value in watch.counts().items())
        alarms = [*alarms, counts]
    status = UNUSABLE if watch is None else UNWELL if watch.alarms else WELL
    return max(_say(status, alarms), _tell(config, watch, alarms, now))


def _look(config: Config, now: datetime) -> tuple[Watch | None, list[str]]:
    """Return the figures and what is wrong; without the database, no figures."""
    commanding = command_engine(config.sqlalchemy_url, "guv watch")
    try:
        with commanding as engine, engine.connect() as connection:
            watch = look(connection, now)
    except SQLAlchemyError as error:
        return None, [trouble_with(error)]
    return watch, watch.alarms


def _say(status: int, lines: Sequence[str]) -> int:
    """Print the lines and return the status."""
    sys.stdout.write("".join(f"{line}\n" for line in (("ok", "UNWELL", "UNKNOWN")[status], *lines)))
    return status


def _tell(config: Config, watch: Watch | None, lines: Sequence[str], now: datetime) -> int:
    """Send the figures to New Relic, where an account is configured, and return the status."""
    target = watch_target(config)
    if target is None:
        return WELL
    client = EventClient(base_url=config.new_relic_events_url)
    try:
        client.send(target, watch_events(watch, lines, now))
    except NotifierFailed as failure:
        return _say(UNWELL, [str(failure)])
    finally:
        client.close()
    return WELL


def watch_target(config: Config) -> Mapping[str, Any] | None:
    """Return the operator's account, where one is configured."""
    key = config.new_relic_license_key
    if key is None or config.new_relic_account_id is None:
        return None
    return {
        "account_id": config.new_relic_account_id,
        "license_key": key.get_secret_value(),
        "region": config.new_relic_region,
    }


def watch_events(watch: Watch | None, lines: Sequence[str], now: datetime) -> list[Event]:
    """Return the figures, and the event that opens or resolves the operator's incident."""
    is_well = watch is not None and not watch.alarms
    stamp = unix_milliseconds(now)
    counts = watch.counts() if watch is not None else {}
    figures: Event = {"eventType": "GuvWatch", "timestamp": stamp, "well": int(is_well), **counts}
    text, tags = " ".join(lines) or "All is well.", {"service": "guv", "cause": "watch"}
    incident = incident_event("guv does not do its work", text, "critical", tags, now)
    return [figures, {**incident, "state": "resolve" if is_well else "trigger"}]


if __name__ == "__main__":
    sys.exit(main())
