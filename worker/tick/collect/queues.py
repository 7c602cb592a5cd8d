"""How many messages wait and run? A role's queues, read from its broker's management API.

A broker that gives no usable answer is left alone for a while, longer each time; one role asks
again on behalf of all, so that its other roles need not each wait for a timeout.
"""

from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from guv.apps.models import Broker
from guv.errors import BrokerRefused, BrokerUnreachable, QueueMissing
from guv.incidents.causes import Cause, Trouble
from guv.rabbitmq.client import add_up
from worker.process.runtime import Runtime
from worker.tick.context import Subject
from worker.tick.result import QueueReading

PROBE_S = 10.0  # what a probe may take before another role may probe, too

_CLAIM_PROBE = text("""
    update broker set retry_at = :next where id = :id and retry_at <= :now returning id
""")


def collect_queues(runtime: Runtime, subject: Subject, now: datetime) -> QueueReading:
    """The role's queues, added up; without usable data a reading that says why."""
    broker = subject.broker
    if broker is None:
        return _without_data("no broker is set for this app")
    if broker.failures and not _may_probe(runtime.engine, broker, now):
        return _without_data(
            f"the broker gave no usable answer {broker.failures} times in a row ({broker.note});"
            " it is left alone for a moment"
        )
    try:
        return _read(runtime, broker, subject.effective.queues)
    except BrokerUnreachable as failure:
        return QueueReading(
            trouble=Trouble(Cause.NO_DATA, f"The broker cannot be read: {failure}."),
            answered=False,
            failure=str(failure),
        )
    except BrokerRefused as refusal:
        trouble = Trouble(Cause.BROKER_REFUSES, f"The broker cannot be read: {refusal}.")
        return QueueReading(trouble=trouble, answered=True)
    except QueueMissing as missing:
        trouble = Trouble(Cause.NO_DATA, f"The queues cannot be read: {missing}.")
        return QueueReading(trouble=trouble, answered=True)


def _read(runtime: Runtime, broker: Broker, names: list[str]) -> QueueReading:
    queues = runtime.brokers.read_queues(broker, names)
    uncounted = [
        name
        for name, counts in queues.items()
        if counts.messages_ready is None or counts.messages_unacknowledged is None
    ]
    trouble = None
    if uncounted:
        listed = ", ".join(uncounted)
        trouble = Trouble(Cause.NO_DATA, f"The broker reports no message counts for {listed}.")
    return QueueReading(add_up(queues.values()), queues, trouble, answered=True)


def _may_probe(engine: Engine, broker: Broker, now: datetime) -> bool:
    """Whether the pause is over and it is this tick that asks for all."""
    if broker.retry_at is not None and broker.retry_at > now:
        return False
    values = {"id": broker.id, "now": now, "next": now + timedelta(seconds=PROBE_S)}
    with engine.begin() as connection:
        return connection.execute(_CLAIM_PROBE, values).first() is not None


def _without_data(why: str) -> QueueReading:
    return QueueReading(trouble=Trouble(Cause.NO_DATA, f"The queues cannot be read: {why}."))
