"""Failures of guv's own during ticks: each is the row of its role and nobody else's problem."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from structlog.contextvars import bound_contextvars

from guv.database import is_outage

Failures = dict[UUID, Exception]


@contextmanager
def contain(failures: Failures, *roles: UUID) -> Iterator[None]:
    """Run a step of those roles' ticks, and note the failure that ends it.

    An outage of the database is no role's fault and ends the ticks of all.

    Args:
        failures: Where the failure is noted.
        *roles: The roles that cannot go on without the step.
    """
    with bound_contextvars(**({"role_id": str(roles[0])} if len(roles) == 1 else {})):
        try:
            yield
        except Exception as failure:  # the one broad catch of a tick
            if is_outage(failure):
                raise
            failures.update(dict.fromkeys(roles, failure))


def without(failures: Failures, roles: Iterable[UUID]) -> list[UUID]:
    """Return the roles that have not failed."""
    return [role for role in roles if role not in failures]
