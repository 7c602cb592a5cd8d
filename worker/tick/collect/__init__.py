"""Sample of a role, collected from the readings of its app."""

from dataclasses import replace
from datetime import datetime

from guv.clock import unix_seconds
from guv.errors import QueueMissing
from guv.incidents.causes import Cause, Trouble
from guv.rabbitmq.client import add_up, counts_of
from guv.scaling import Sample
from worker.tick.context import TickContext
from worker.tick.readings import FormationReadings, QueueReadings, Readings
from worker.tick.result import Collected, FormationReading, WorkReading


def collect(
    context: TickContext, readings: Readings, web: WorkReading | None, now: datetime
) -> Collected:
    """Return the role's sample; what could not be read is unknown in it and explained beside it.

    Args:
        context: The role's.
        readings: Of its app.
        web: The reading of its requests, of a web role.
        now: The sample's instant.
    """
    work = web if web is not None else _own_queues(context, readings.queues)
    formation = _own_process_type(context, readings.formation)
    counts = work.counts
    sample = Sample(
        at=unix_seconds(now),
        messages_ready=counts.messages_ready,
        messages_unacknowledged=counts.messages_unacknowledged,
        published=counts.published,
        served=counts.served,
        consumers=counts.consumers,
        dynos=formation.dynos,
        redelivered=counts.redelivered,
        web=work.web,
    )
    return Collected(sample, work, formation)


def _own_queues(context: TickContext, readings: QueueReadings) -> WorkReading:
    if readings.trouble is not None:
        return WorkReading(
            trouble=readings.trouble, answered=readings.answered, failure=readings.failure
        )
    try:
        queues = counts_of(readings.counts, context.queues)
    except QueueMissing as missing:
        trouble = Trouble(Cause.NO_DATA, f"The queues cannot be read: {missing}.")
        return WorkReading(trouble=trouble, answered=True)
    uncounted = [
        name
        for name, counts in queues.items()
        if counts.messages_ready is None or counts.messages_unacknowledged is None
    ]
    missed = None
    if uncounted:
        listed = ", ".join(uncounted)
        missed = Trouble(Cause.NO_DATA, f"The broker reports no message counts for {listed}.")
    return WorkReading(add_up(queues.values()), queues, missed, answered=True)


def _own_process_type(context: TickContext, readings: FormationReadings) -> FormationReading:
    formation, process_type = readings.formation, context.process_type
    if formation is None:
        return FormationReading(trouble=readings.trouble, lost=readings.lost)
    reading = FormationReading(
        formation.quantities,
        formation.quantities.get(process_type),
        answered=readings.note is None,
        size=formation.sizes.get(process_type),
        app_name=formation.app_name,
        note=readings.note,
    )
    if reading.dynos is not None:
        return reading
    if not formation.quantities:
        text = "The app has no process types; it must be deployed before it can be scaled."
    else:
        known = ", ".join(sorted(formation.quantities))
        text = f"The app has no process type {process_type!r}; it has: {known}."
    return replace(reading, trouble=Trouble(Cause.NO_DATA, text))
