"""Roles of a file with their settings, checked as a whole before any tick."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guv.errors import FieldError, Invalid
from guv.settings.contradictions import contradictions
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings, SettingsValues
from guv.settings.yaml_file import Document, read_document
from guv.tenants.plans import PLANS

PLAN = PLANS["premium"]  # Its limits hold where nobody sells a plan.


class CannotRun(Exception):
    """What is missing or in the way; the text holds no secret."""


@dataclass(frozen=True, slots=True)
class FileRole:
    """A role of the file.

    Attributes:
        app: The app's name or UUID at Heroku.
        name: The role's name.
        effective: Its settings.
    """

    app: str
    name: str
    effective: EffectiveSettings

    @property
    def key(self) -> str:
        """The role with its app, as the history names it."""
        return f"{self.app}/{self.name}"


def read_roles(text: str, default_app: str | None) -> list[FileRole]:
    """Return the file's roles, in its order.

    Args:
        text: The file, in guv's YAML.
        default_app: The app of roles that name none.

    Raises:
        BadRequest: It is not YAML, or names no role.
        Invalid: It says what cannot be; all messages at once.
    """
    document = read_document(text)
    faults = _unsupported(document)
    roles = []
    for (named, name), values in document.roles.items():
        app = named or default_app
        if app is None:
            faults.append(
                FieldError(f"{name}.app", "is required, or name one with --app or GUV_APP")
            )
        else:
            roles.append(FileRole(app, name, _effective(document, app, name, values)))
    for role in roles:
        faults += [_at(role, fault) for fault in contradictions(role.effective, PLAN)]
    faults += _scaled_twice(roles)
    if not document.roles:
        faults.append(FieldError("", "names no role, such as worker: {queue: orders}"))
    if faults:
        raise Invalid("The file cannot be used.", faults)
    return roles


def _effective(
    document: Document, app: str, name: str, values: SettingsValues
) -> EffectiveSettings:
    wide = document.apps.get(app, SettingsValues())
    levels = (("global", document.everywhere), ("app", wide), ("role", values))
    return effective_settings(name, tuple(Level(level, _given(one)) for level, one in levels))


def _given(values: SettingsValues) -> Mapping[str, Any]:
    return values.model_dump(mode="json", exclude_none=True, exclude={"notify"})


def _unsupported(document: Document) -> list[FieldError]:
    """Return the faults of settings that need the service."""
    parts = [("*", document.everywhere)]
    parts += [(f"*.apps.{name}", values) for name, values in document.apps.items()]
    parts += [(name, values) for (_, name), values in document.roles.items()]
    advice = {
        "notify": "needs the service; here the exit status says what is wrong",
        "monthly_dyno_hours": "needs the service, which counts the hours of a month",
    }
    found = [
        FieldError(f"{where}.{name}", text)
        for where, values in parts
        for name, text in advice.items()
        if getattr(values, name) is not None
    ]
    web = "web needs the service, which reads the router's log; here it is queue"
    return found + [
        FieldError(f"{where}.signal", web) for where, values in parts if values.signal == "web"
    ]


def _scaled_twice(roles: list[FileRole]) -> list[FieldError]:
    """Return the faults of process types that two roles of one app would fight over."""
    first: dict[tuple[str, str], str] = {}
    found = []
    for role in roles:
        process_type = role.effective.process_type
        other = first.setdefault((role.app, process_type), role.name)
        if other != role.name:
            message = f"{process_type!r} is scaled by {other!r} already; give each role its own"
            found.append(FieldError(f"{role.name}.process_type", message))
    return found


def _at(role: FileRole, fault: FieldError) -> FieldError:
    return FieldError(f"{role.name}.{fault.field}", fault.message)
