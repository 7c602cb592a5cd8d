"""Parameters of policies: names, units, ranges and defaults.

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
        """Return the tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        if isinstance(value, bool | str | None) or not isfinite(value):
            return self.default
        return value if self.least <= value <= self.most else self.default

    @property
    def wanted(self) -> str:
        """Return what a value must be, in words."""
        least = f"a number from {self.least:g}"
        return f"{least} in {self.unit}" if self.most == inf else f"{least} to {self.most:g}"

    def takes(self, value: object) -> bool:
        """Return whether a value is valid."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.least <= value <= self.most

    def is_set(self, settings: Settings) -> bool:
        """Return whether the tenant gave a valid value."""
        value = settings.policy_parameters.get(self.name)
        return value is not None and self.of(settings) == value


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    name: str
    default: bool
    meaning: str
    wanted = "true or false"

    def takes(self, value: object) -> bool:
        """Return whether a value is valid."""
        return isinstance(value, bool)

    def of(self, settings: Settings) -> bool:
        """Return the tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        return value if isinstance(value, bool) else self.default


@dataclass(frozen=True, slots=True)
class Text:
    """A text; one of `choices` where there are any."""

    name: str
    default: str
    meaning: str
    choices: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """Return what a value must be, in words."""
        return f"one of {', '.join(self.choices)}" if self.choices else "a text"

    def takes(self, value: object) -> bool:
        """Return whether a value is valid."""
        return isinstance(value, str) and (not self.choices or value in self.choices)

    def of(self, settings: Settings) -> str:
        """Return the tenant's value, or the default."""
        value = settings.policy_parameters.get(self.name)
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            return self.default
        return value


Parameter = Number | Flag | Text
