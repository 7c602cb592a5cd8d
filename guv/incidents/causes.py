"""What may be wrong with a role, so that a person should know?"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why there is an incident; one is open per role and cause at most."""

    DEADLINE_MISSED = "deadline_missed"  # even the maximum cannot meet the deadline
    NO_DATA = "no_data"  # messages or dynos cannot be counted
    AUTHORIZATION_LOST = "authorization_lost"  # Heroku lets guv neither look nor scale
    BROKER_REFUSES = "broker_refuses"  # login or access refused
    PLATFORM_REFUSES = "platform_refuses"  # Heroku may be asked, and says no to every change
    NO_GAIN = "no_gain"  # dynos are up but do not consume, or more of them bring nothing
    FOREIGN_CHANGES = "foreign_changes"  # another tool sets the dynos again and again


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
