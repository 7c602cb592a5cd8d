"""What is going on with a role? One sample of its queues and its dynos."""

from datetime import datetime

from guv.moment import unix_seconds
from guv.scaling import Sample
from worker.collectors.foreign import collect_foreign_change
from worker.collectors.formation import collect_formation
from worker.collectors.rabbitmq import collect_queues
from worker.collectors.router import collect_web
from worker.result import Collected, QueueReading
from worker.runtime import Runtime
from worker.subject import Subject
from worker.tokens import Access


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
