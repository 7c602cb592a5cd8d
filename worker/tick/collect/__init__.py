"""What is going on with a role? One sample of its queues and its dynos."""

from datetime import datetime

from guv.clock import unix_seconds
from guv.scaling import Sample
from worker.process.runtime import Runtime
from worker.tick.collect.external_changes import collect_foreign_change
from worker.tick.collect.formation import collect_formation
from worker.tick.collect.queues import collect_queues
from worker.tick.collect.web import collect_web
from worker.tick.context import Subject
from worker.tick.heroku_access import Access
from worker.tick.result import Collected, QueueReading


def collect(runtime: Runtime, access: Access, subject: Subject, now: datetime) -> Collected:
    """The role's sample; what could not be read is unknown in it and explained beside it."""
    queues = _collect_work(runtime, access, subject, now)
    formation = collect_formation(runtime, access, subject, now)
    foreign = collect_foreign_change(runtime, access, subject, formation, now)
    counts = queues.counts
    sample = Sample(
        at=unix_seconds(now),
        messages_ready=counts.messages_ready,
        messages_unacknowledged=counts.messages_unacknowledged,
        published=counts.published,
        served=counts.served,
        consumers=counts.consumers,
        dynos=formation.dynos,
        redelivered=counts.redelivered,
        web=queues.web,
    )
    return Collected(sample, queues, formation, foreign)


def _collect_work(
    runtime: Runtime, access: Access, subject: Subject, now: datetime
) -> QueueReading:
    if subject.settings.signal == "web":
        return collect_web(runtime, access, subject, now)
    return collect_queues(runtime, subject, now)
