"""Changes of a role's dynos that guv did not make, and the tool that makes them again and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import text

from guv.errors import OutsideError
from guv.heroku.call_budget import Need
from guv.incidents.causes import Cause, Trouble
from worker.process.runtime import Runtime
from worker.tick.context import TickContext
from worker.tick.heroku_access import HerokuAccess

REMEMBERED = timedelta(hours=24)
MOST_REMEMBERED = 10
MANY = 3  # Changes to the same number in a day, or to any in an hour, that only a tool makes.
SHORT = timedelta(hours=1)
LOOK_BACK = timedelta(minutes=10)  # A tool that deploys and then scales takes so long at most.

# Another role with the same process type may have asked for the number, or the role itself where
# Heroku gave no answer and carried the change out later.
_OURS = text("""
    select 1 from decision
    where tenant_id = :tenant and app_id = :app and at > :since and desired = :dynos
        and (role_id <> :role and outcome = 'scaled'
            or role_id = :role and outcome = 'failed' and direction <> 'hold')
    limit 1
""")


@dataclass(frozen=True, slots=True)
class ExternalChange:
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
        """The change in a sentence, for a decision's notices."""
        who = f", with {self.by}" if self.by else ""
        return f"somebody else changed the dynos from {self.before} to {self.after}{who}"

    def dump(self) -> dict[str, Any]:
        """Return the change as the role's row keeps it."""
        at = self.at.isoformat()
        return {"at": at, "before": self.before, "after": self.after, "by": self.by}

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Self:
        """Return the change that a role's row keeps."""
        at = datetime.fromisoformat(kept["at"])
        return cls(at, kept["before"], kept["after"], kept.get("by"))


def find_external_change(
    runtime: Runtime, access: HerokuAccess, context: TickContext, dynos: int | None, now: datetime
) -> ExternalChange | None:
    """Return what somebody else changed since guv's last tick, as far as can be known.

    Args:
        runtime: The process's.
        access: To Heroku.
        context: The role's.
        dynos: The dynos that Heroku shows in this tick; None: unknown.
        now: The present.
    """
    left = context.role.dynos_left
    if left is None or dynos is None or left == dynos:
        return None
    values = {
        "tenant": context.tenant.id,
        "app": context.app.id,
        "role": context.role.id,
        "since": now - LOOK_BACK,
        "dynos": dynos,
    }
    with runtime.reader.connect() as connection:
        is_ours = connection.execute(_OURS, values).first() is not None
    if is_ours:
        return None
    return ExternalChange(now, left, dynos, _release(runtime, access, context, now))


def _release(
    runtime: Runtime, access: HerokuAccess, context: TickContext, now: datetime
) -> str | None:
    """Return the release that a change may have come with.

    A tool that sets a number at each deploy, the usual case, shows itself in this way.
    """
    app_id = context.app.heroku_id
    try:
        last = access.call(lambda token: runtime.heroku.read_last_release(app_id, token), Need.READ)
    except OutsideError:
        return None
    if last is None or now - last.created_at > LOOK_BACK:
        return None
    return f"release v{last.version} ({last.description}) by {last.by}"


def remembered_changes(
    kept: Sequence[Mapping[str, Any]] | None, new: ExternalChange | None, now: datetime
) -> tuple[ExternalChange, ...]:
    """Return the external changes of the last day, the newest at the end."""
    changes = [ExternalChange.load(change) for change in kept or ()]
    changes += [new] if new is not None else []
    return tuple(change for change in changes if now - change.at < REMEMBERED)[-MOST_REMEMBERED:]


def find_fight(process_type: str, changes: Sequence[ExternalChange]) -> Trouble | None:
    """Return the trouble that another tool scales the same process type, where it seems so."""
    if not changes:
        return None
    last = changes[-1]
    same = [change for change in changes if change.after == last.after]
    close = [change for change in changes if last.at - change.at < SHORT]
    fought = max(same, close, key=len)
    if len(fought) < MANY:
        return None
    releases = [change.by for change in fought if change.by is not None]
    who = f"It comes with {releases[-1]}." if releases else "Heroku does not tell guv which one."
    numbers = sorted({change.after for change in fought})
    text = (
        f"Another tool sets {process_type} to {' or '.join(map(str, numbers))} dynos:"
        f" {len(fought)} times since {fought[0].at:%Y-%m-%d %H:%M} UTC, against guv. {who}"
        " Let it leave this process type alone, or pause the role."
    )
    return Trouble(Cause.FOREIGN_CHANGES, text, since=fought[0].at)
