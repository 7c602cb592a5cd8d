"""How many calls do the changes of an app's roles take? One each, or one for all of a moment."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition
from uuid import UUID

from guv.errors import HerokuRefused, OutsideError
from guv.heroku.client import HerokuClient

GATHER_S = 0.5  # a role that takes longer to ask is not waited for


class Changes:
    """Changes of formations, each by itself.

    Args:
        heroku: Whom to ask.
    """

    def __init__(self, heroku: HerokuClient) -> None:
        self._heroku = heroku

    def scale(self, app_id: UUID, process_type: str, quantity: int, token: str) -> int:
        """The quantity that Heroku runs after being asked for it; errors as `HerokuClient` says."""
        return self._heroku.scale(app_id, process_type, quantity, token)

    def end(self) -> None:
        """Nothing; one of the roles will ask for no change any more."""


@dataclass(frozen=True, slots=True)
class _Call:
    """Process types with the quantities wanted, and what Heroku runs then.

    The result is None where it refused all because of one of them.
    """

    wanted: dict[str, int] = field(default_factory=dict)
    runs: Future[Mapping[str, int] | None] = field(default_factory=Future)


class SharedChanges(Changes):
    """Changes of one app by roles that tick at the same time: one call for all of them.

    Who asks first waits until the others have asked, too, or ended without a change. Heroku does
    all of a call or nothing; so where it refuses one, each is asked for by itself.

    Args:
        heroku: Whom to ask.
        roles: How many roles tick.
    """

    def __init__(self, heroku: HerokuClient, roles: int) -> None:
        super().__init__(heroku)
        self._ticking = roles
        self._asking = 0
        self._open: _Call | None = None
        self._changed = Condition()

    def scale(self, app_id: UUID, process_type: str, quantity: int, token: str) -> int:
        """The quantity that Heroku runs after being asked for it; errors as `HerokuClient` says."""
        call, is_first = self._join(process_type, quantity)
        if is_first:
            self._send(call, app_id, token)
        try:
            runs = call.runs.result()
        finally:
            self._count(asking=-1)
        if runs is None:
            return super().scale(app_id, process_type, quantity, token)
        return runs[process_type]

    def end(self) -> None:
        """Nothing; one of the roles will ask for no change any more."""
        self._count(ticking=-1)

    def _count(self, *, ticking: int = 0, asking: int = 0) -> None:
        with self._changed:
            self._ticking += ticking
            self._asking += asking
            self._changed.notify_all()

    def _join(self, process_type: str, quantity: int) -> tuple[_Call, bool]:
        """The call that the change goes with, and whether the caller is the one to make it."""
        with self._changed:
            call = self._open
            is_first = call is None or process_type in call.wanted
            if call is None or is_first:
                call = self._open = _Call()
            call.wanted[process_type] = quantity
            self._asking += 1
            self._changed.notify_all()
            return call, is_first

    def _send(self, call: _Call, app_id: UUID, token: str) -> None:
        """Nothing; the call is made, and all who wait for it have what it came to."""
        with self._changed:
            self._changed.wait_for(lambda: self._asking >= self._ticking, GATHER_S)
            if self._open is call:
                self._open = None
        try:
            call.runs.set_result(self._asked(call.wanted, app_id, token))
        except OutsideError as failure:
            call.runs.set_exception(failure)
        finally:
            call.runs.cancel()  # where a fault of ours ended it, nobody waits for ever

    def _asked(
        self, wanted: Mapping[str, int], app_id: UUID, token: str
    ) -> Mapping[str, int] | None:
        if len(wanted) == 1:
            return None
        try:
            return self._heroku.scale_all(app_id, wanted, token)
        except HerokuRefused as refusal:
            if refusal.is_about_token or refusal.is_about_rights:
                raise
            return None
