"""One tick of an app's roles.

Every tick, for every role that is due, guv collects a sample, decides how many dynos the role
needs, actuates the change, records the decision and notifies when the deadline cannot be met.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from guv.clock import steady_seconds, unix_seconds
from guv.roles.scaling_input import within_size
from guv.scaling import decide, followed
from worker.process.runtime import Runtime
from worker.tick.actuate import actuate
from worker.tick.collect import collect
from worker.tick.collect.web import read_web
from worker.tick.context import TickContext
from worker.tick.external_changes import find_external_change
from worker.tick.failures import Failures, contain
from worker.tick.heroku_access import HerokuAccess
from worker.tick.readings import (
    FormationReadings,
    QueueReadings,
    Readings,
    read_formation,
    read_queues,
)
from worker.tick.result import DecidedTick, FinishedTick, Ledger


def tick_app(
    runtime: Runtime,
    access: HerokuAccess,
    ledger: Ledger,
    contexts: Sequence[TickContext],
    now: datetime,
) -> None:
    """Collect, decide, actuate, record and notify for the due roles of one app.

    Roles share one look at the broker, one at the formation and one change of it; a failure of
    guv's own is the row of the role that it concerns.

    Args:
        runtime: The process's.
        access: To Heroku on behalf of the app.
        ledger: What earlier ticks left behind, and where this one is recorded.
        contexts: Of the app's roles that are due.
        now: The tick's instant.
    """
    start = steady_seconds()
    failures: Failures = {}
    readings = _read(runtime, access, contexts, now, failures)
    decided = []
    for context in contexts:
        if context.role.id not in failures:
            with contain(failures, context.role.id):
                decided.append(_decide(runtime, access, context, readings, now))
    results = actuate(runtime, access, ledger, decided)
    seconds = steady_seconds() - start
    finished = [FinishedTick(one.context.role.id, now, seconds, one) for one in results]
    finished += [FinishedTick(role, now, seconds, why) for role, why in failures.items()]
    ledger.record(finished)


def _read(
    runtime: Runtime,
    access: HerokuAccess,
    contexts: Sequence[TickContext],
    now: datetime,
    failures: Failures,
) -> Readings:
    """Read the app's queues and its formation."""
    queues, formation = QueueReadings(), FormationReadings()
    fed = [context for context in contexts if context.queues]
    if fed:
        with contain(failures, *(context.role.id for context in fed)):
            queues = read_queues(runtime, fed, now)
    with contain(failures, *(context.role.id for context in contexts)):
        formation = read_formation(runtime, access, contexts[0].app, now)
    return Readings(queues, formation)


def _decide(
    runtime: Runtime,
    access: HerokuAccess,
    context: TickContext,
    readings: Readings,
    now: datetime,
) -> DecidedTick:
    """Collect the role's sample and decide on it."""
    web = read_web(runtime, access, context, now) if context.is_web else None
    collected = collect(context, readings, web, now)
    formation = collected.formation
    dynos = formation.dynos if formation.answered else None
    change = find_external_change(runtime, access, context, dynos, now)
    settings = within_size(context.settings, formation.size)
    context = replace(context, settings=settings)
    history = followed(context.history, collected.sample, unix_seconds(now))
    decision = decide(settings, history, unix_seconds(now))
    return DecidedTick(now, context, collected, change, decision)
