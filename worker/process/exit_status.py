"""What do the periodic jobs have in common? An exit status, and that they may do without Redis."""

import os

from guv.config import Config, read_config

WELL, UNWELL, UNUSABLE = 0, 1, 2


def read_periodic_config() -> Config:
    """Our configuration from the environment, where REDIS_URL need not be set.

    Raises:
        pydantic.ValidationError: As `read_config` has it; `unusable` says it in words.
    """
    return read_config(**({} if os.environ.get("REDIS_URL") else {"redis_url": ""}))
