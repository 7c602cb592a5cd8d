"""What can be set about a policy? Parameters with their names, units, ranges and defaults.

A tenant's value that is missing, of another type or out of range counts as not set: the default
is used. The dashboard and the API show the same table, so nothing is documented twice.
"""

from dataclasses import dataclass
from math import inf, isfinite

from guv.scaling.model import Settings


@dataclass(frozen=True, slots=True)
class Number:
    """A number between `least` and `most`, in `unit`."""

    name: str
    default: float
    unit: str
    meaning: str
    least: float = 0.0
    most: float = inf

    def of(self, settings: Settings) -> float:
        """The tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        if isinstance(value, bool | str | None) or not isfinite(value):
            return self.default
        return value if self.least <= value <= self.most else self.default

    def is_set(self, settings: Settings) -> bool:
        """Whether the tenant gave it a value that counts."""
        value = settings.policy_parameters.get(self.name)
        return value is not None and self.of(settings) == value


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    name: str
    default: bool
    meaning: str

    def of(self, settings: Settings) -> bool:
        """The tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        return value if isinstance(value, bool) else self.default


@dataclass(frozen=True, slots=True)
class Text:
    """A text; one of `choices` where there are any."""

    name: str
    default: str
    meaning: str
    choices: tuple[str, ...] = ()

    def of(self, settings: Settings) -> str:
        """The tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            return self.default
        return value


Parameter = Number | Flag | Text
