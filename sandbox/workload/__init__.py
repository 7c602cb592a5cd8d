"""A tenant's app at work: a producer of jobs, and dynos that really consume them."""

from sandbox.workload.dyno import Work
from sandbox.workload.queues import AmqpQueue, JobQueue, MemoryQueue
from sandbox.workload.shape import Shape, Spike
from sandbox.workload.workload import Stats, Tenant, Workload

__all__ = [
    "AmqpQueue",
    "JobQueue",
    "MemoryQueue",
    "Shape",
    "Spike",
    "Stats",
    "Tenant",
    "Work",
    "Workload",
]
