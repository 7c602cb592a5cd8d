"""What may be wrong with a role, so that a person should know?"""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why there is an incident; one is open per role and cause at most."""

    DEADLINE_MISSED = "deadline_missed"  # even the maximum cannot meet the deadline
    NO_DATA = "no_data"  # messages or dynos cannot be counted
    AUTHORIZATION_LOST = "authorization_lost"  # Heroku lets guv neither look nor scale
    BROKER_REFUSES = "broker_refuses"  # login or access refused


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble as a tick sees it: its cause, and a sentence for a person without secrets."""

    cause: Cause
    text: str
