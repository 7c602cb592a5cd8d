"""Causes of incidents, and a trouble as a tick sees it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why there is an incident; at most one is open per role and cause."""

    DEADLINE_MISSED = "deadline_missed"  # Even the maximum cannot meet the deadline.
    NO_DATA = "no_data"  # Messages or dynos cannot be counted.
    AUTHORIZATION_LOST = "authorization_lost"  # Heroku lets guv neither look nor scale.
    BROKER_REFUSES = "broker_refuses"  # Login or access refused.
    PLATFORM_REFUSES = "platform_refuses"  # Heroku may be asked, and says no to every change.
    NO_GAIN = "no_gain"  # Dynos are up but do not consume, or more of them bring nothing.
    FOREIGN_CHANGES = "foreign_changes"  # Another tool sets the dynos again and again.


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble as a tick sees it.

    Attributes:
        cause: Why there is an incident.
        text: A sentence for a person, without secrets.
        since: When it began, where it shows only later; None: now.
    """

    cause: Cause
    text: str
    since: datetime | None = None
