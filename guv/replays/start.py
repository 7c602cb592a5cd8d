"""Start of a replay: committed first, then its job is enqueued.

Replays take seconds to minutes, so they have a queue and a process of their own, and ticks never
wait for them.
"""

from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Engine

from guv.database import session_scope
from guv.errors import Unavailable
from guv.replays.queries import Asking, NamedReplay, ReplayWish, ask_for_replay, remove_replay

QUEUE = "replays"
JOB = "worker.jobs.replay_role"
TIMEOUT_S = 1800  # of a replay's job
RESULT_S = 60
FAILURE_S = 3600


def start_replay(engine: Engine, redis: Redis, asking: Asking, wish: ReplayWish) -> NamedReplay:
    """Add a replay and enqueue its job.

    Raises:
        GuvError: As `ask_for_replay` does.
        Unavailable: Redis does not answer; then no replay is added.
    """
    with session_scope(engine) as session:
        named = ask_for_replay(session, asking, wish)
    try:
        enqueue_replay(redis, named.row.id)
    except RedisError:
        with session_scope(engine) as session:
            remove_replay(session, asking.tenant, named.row.id)
        message = "guv's job queue does not answer. Try again in a moment."
        raise Unavailable(message) from None
    return named


def enqueue_replay(redis: Redis, replay: UUID) -> None:
    """Enqueue a replay's job. A second job finds the replay taken.

    Raises:
        RedisError: Redis does not answer.
    """
    Queue(QUEUE, connection=redis, serializer=JSONSerializer).enqueue(
        JOB,
        str(replay),
        job_timeout=TIMEOUT_S,
        result_ttl=RESULT_S,
        failure_ttl=FAILURE_S,
        description="1 replay",
    )
