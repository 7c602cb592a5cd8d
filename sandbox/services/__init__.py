"""Private, real servers for the demo and the tests, each on a free port in a throw-away folder."""

from sandbox.services.postgresql import postgres
from sandbox.services.process import ServiceFailed
from sandbox.services.rabbit import BrokerAccess, RabbitMQ, find_rabbitmq, rabbitmq
from sandbox.services.valkey import redis

__all__ = [
    "BrokerAccess",
    "RabbitMQ",
    "ServiceFailed",
    "find_rabbitmq",
    "postgres",
    "rabbitmq",
    "redis",
]
