"""Does somebody else set the number of dynos, too? A tool that does it again and again is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from guv.incidents.causes import Cause, Trouble

REMEMBERED = timedelta(hours=24)
MOST_REMEMBERED = 10
MANY = 3  # changes to the same number in a day, or to any in an hour: no person, a tool
AT_ONCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """One change of a process type that guv did not make.

    Attributes:
        at: When guv saw it.
        before: Dynos that guv had left.
        after: Dynos that guv found.
        by: The release that goes with it and who made it; None: Heroku shows none.
    """

    at: datetime
    before: int
    after: int
    by: str | None = None

    @property
    def text(self) -> str:
        """In a sentence, for a decision's notices."""
        who = f", with {self.by}" if self.by else ""
        return f"somebody else changed the dynos from {self.before} to {self.after}{who}"

    def dumped(self) -> dict[str, Any]:
        """As the role's row keeps it."""
        at = self.at.isoformat()
        return {"at": at, "before": self.before, "after": self.after, "by": self.by}

    @classmethod
    def loaded(cls, kept: Mapping[str, Any]) -> Self:
        """From a role's row."""
        at = datetime.fromisoformat(kept["at"])
        return cls(at, kept["before"], kept["after"], kept.get("by"))


def remembered(
    kept: Sequence[Mapping[str, Any]] | None, new: ForeignChange | None, now: datetime
) -> tuple[ForeignChange, ...]:
    """The foreign changes of the last day, the newest at the end."""
    known = [ForeignChange.loaded(one) for one in kept or ()]
    changes = [*known, new] if new is not None else known
    return tuple(one for one in changes if now - one.at < REMEMBERED)[-MOST_REMEMBERED:]


def fight(process_type: str, changes: Sequence[ForeignChange]) -> Trouble | None:
    """The trouble that another tool scales the same process type; None: it does not seem so."""
    if not changes:
        return None
    last = changes[-1]
    same = [one for one in changes if one.after == last.after]
    close = [one for one in changes if last.at - one.at < AT_ONCE]
    found = max(same, close, key=len)
    if len(found) < MANY:
        return None
    named = [one.by for one in found if one.by is not None]
    who = f"It comes with {named[-1]}." if named else "Heroku does not tell guv which one."
    numbers = sorted({one.after for one in found})
    text = (
        f"Another tool sets {process_type} to {' or '.join(map(str, numbers))} dynos:"
        f" {len(found)} times since {found[0].at:%Y-%m-%d %H:%M} UTC, against guv. {who}"
        " Let it leave this process type alone, or pause the role."
    )
    return Trouble(Cause.FOREIGN_CHANGES, text, since=found[0].at)
