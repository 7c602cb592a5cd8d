"""How did guv 0.3 call it? The names and shorthands of its YAML, as the settings' names now."""

from collections.abc import Mapping
from typing import Any

OLD_NAMES: Mapping[str, str] = {
    "p": "processing_time",
    "processing": "processing_time",
    "stddev": "processing_time_stddev",
    "d": "target_deadline",
    "deadline": "target_deadline",
    "boot": "boot_time",
    "min": "minimum_dynos",
    "minimum": "minimum_dynos",
    "max": "maximum_dynos",
    "maximum": "maximum_dynos",
    "w": "process_type",
    "worker": "process_type",
    "q": "queues",
    "queue": "queues",
    "pollinterval": "interval",
}
DROPPED: Mapping[str, str] = {
    "broker": "is set with PUT /apps/{app}/broker, where it is tested and sealed;"
    " without the service in GUV_BROKER",
    "apikey": "is not needed: guv has its own authorization to scale your apps;"
    " without the service it is in HEROKU_API_KEY",
    "statuspage": "has no counterpart; decisions can be read with the API",
    "metric": "has no counterpart; decisions can be read with the API",
    "dynosize": "is not set here: guv never changes the size of dynos",
    "target": "is worked out from target_deadline, percentile and processing_time",
}


def present_name(name: str) -> str:
    """The setting's name now."""
    return OLD_NAMES.get(name, name)


def present_value(name: str, value: Any) -> Any:
    """The value in the form that the setting of the old name has now."""
    return [value] if present_name(name) == "queues" and isinstance(value, str) else value
