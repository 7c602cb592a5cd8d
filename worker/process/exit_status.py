"""Exit status of periodic jobs, and their configuration, which may lack Redis."""

import os

from guv.config import Config, read_config

WELL, UNWELL, UNUSABLE = 0, 1, 2


def read_periodic_config() -> Config:
    """Read the configuration from the environment, where REDIS_URL need not be set.

    Raises:
        pydantic.ValidationError: As `read_config` has it; `unusable` says it in words.
    """
    return read_config(**({} if os.environ.get("REDIS_URL") else {"redis_url": ""}))
