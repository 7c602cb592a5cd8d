"""Which setting was meant, and may it be set here?"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pydantic import BaseModel

from guv.errors import FieldError
from guv.settings.schema import (
    NOT_GLOBAL,
    ROLE_ONLY,
    NewRelicTarget,
    NoDataCount,
    Notify,
    OverrideBounds,
    PauseScaling,
    ScheduleWindow,
    SettingsValues,
    WebhookTarget,
)

_LEAST = 3  # letters that say enough to look for names that contain them
_MOST = 60  # letters of a name that are worth comparing
_PARTS: dict[str, type[BaseModel]] = {
    "schedules": ScheduleWindow,
    "override": OverrideBounds,
    "pause": PauseScaling,
    "no_data": NoDataCount,
    "notify": Notify,
    "new_relic": NewRelicTarget,
    "webhook": WebhookTarget,
}


def nearest_name(path: Sequence[str]) -> str | None:
    """The known name that the wrong one at the end of the path probably stands for, or None.

    >>> nearest_name(["minimun_dynos"]), nearest_name(["max"]), nearest_name(["override", "till"])
    ('minimum_dynos', 'maximum_dynos', 'until')
    """
    inside = [_PARTS[name] for name in path[:-1] if name in _PARTS]
    known = list((inside[-1] if inside else SettingsValues).model_fields)
    wrong = path[-1][:_MOST].lower()
    close = get_close_matches(wrong, known, n=1)
    related = [one for one in known if len(wrong) >= _LEAST and (wrong in one or one in wrong)]
    found = [one for one in close or sorted(related, key=len) if one != path[-1]]
    return found[0] if found else None


def misplaced(names: Iterable[str], level: str) -> list[FieldError]:
    """Those of the names that may not be set at the level ("global", "app" or "role")."""
    refused = {"global": NOT_GLOBAL, "app": ROLE_ONLY, "role": frozenset[str]()}[level]
    return [
        FieldError(name, f"cannot be set at the {level} level; {_where(name)}")
        for name in sorted(set(names) & refused)
    ]


def _where(name: str) -> str:
    return "set it at a role" if name in ROLE_ONLY else "set it at an app or a role"
