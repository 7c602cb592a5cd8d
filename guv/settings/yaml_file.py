"""Settings as a file in guv's YAML: `*` for all, then roles by name, each in its app.

    '*': {app: shop, deadline: 60}
    worker: {queue: orders, min: 0, max: 10}
    mailer: {app: news, concurrency: 8}

Settings of one app as a whole stand under `"*": {apps: {shop: {...}}}`; a role may also be
named with its app, `shop/worker`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

from guv.errors import BadRequest, FieldError, Invalid
from guv.settings.contradictions import misplaced
from guv.settings.field_errors import field_errors
from guv.settings.field_types import role_name
from guv.settings.schema import SettingsValues

ALL = "*"
_TIMES = {"tag:yaml.org,2002:timestamp"}
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_LONGEST_SHOWN = 100  # characters of a wrong name that a message repeats
NOT_TAKEN = "The file was not imported, and nothing was changed."
# Names and shorthands of guv 0.3, which its files may still use.
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


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, checked part by part.

    Attributes:
        everywhere: The tenant's settings.
        apps: The settings of apps by name.
        roles: The settings of roles by app (None: the tenant's only one) and name.
        faults: What cannot be, each with its place; the parts that it is in are left out.
    """

    everywhere: SettingsValues
    apps: Mapping[str, SettingsValues] = field(default_factory=dict)
    roles: Mapping[tuple[str | None, str], SettingsValues] = field(default_factory=dict)
    faults: tuple[FieldError, ...] = ()


class _Unwanted(yaml.MarkedYAMLError):
    """YAML that means more, or less, than it seems."""

    def __init__(self, why: str, mark: yaml.Mark) -> None:
        super().__init__(problem=why, problem_mark=mark)


class _Loader(yaml.SafeLoader):
    """YAML without aliases, which can make a small file enormous, and without repeated names.

    A time or a day is the text that was written: YAML alone reads 18:00 as 1080 and 08:00 as text.
    """

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        is_time = tag in _TIMES or (tag in _NUMBERS and ":" in value)
        return self.DEFAULT_SCALAR_TAG if is_time else tag

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Unwanted("aliases (*name) are not supported", self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        seen = set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if name in seen:
                raise _Unwanted("a name is there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_document(text: str) -> Document:
    """Read a file that has no faults.

    Raises:
        BadRequest: It is not YAML.
        Invalid: It says what cannot be; all messages at once, each with its role and setting.
    """
    document = parse_document(text)
    if document.faults:
        raise Invalid(NOT_TAKEN, document.faults)
    return document


def parse_document(text: str) -> Document:
    """Read a file together with its faults.

    Raises:
        BadRequest: It is not YAML.
    """
    found = _mapping(text)
    faults: list[FieldError] = []
    wide = dict(_part(found.pop(ALL, {}), ALL, faults))
    default_app = wide.pop("app", None)
    apps = {
        name: _values(_part(part, f"*.apps.{name}", faults), f"*.apps.{name}", "app", faults)
        for name, part in _part(wide.pop("apps", {}), "*.apps", faults).items()
    }
    everywhere = _values(wide, ALL, "global", faults)
    roles = {}
    for name, part in found.items():
        values = dict(_part(part, name, faults))
        path, _, short = name.rpartition("/")
        try:
            role_name(short)
        except ValueError as error:
            faults.append(FieldError(name[:_LONGEST_SHOWN], f"is not a role's name: it {error}"))
            continue
        app = values.pop("app", path or default_app)
        if app is not None and not isinstance(app, str):
            faults.append(FieldError(f"{name}.app", "must be an app's name"))
            continue
        before = len(faults)
        sound = _values(values, name, "role", faults)
        if len(faults) == before:
            roles[app, short] = sound
    return Document(everywhere, apps, roles, tuple(faults))


def _mapping(text: str) -> dict[str, Any]:
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a safe loader, made stricter
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        why = f": {error.problem}" if isinstance(error, _Unwanted) else ""
        raise BadRequest(f"The file is not valid YAML{line}{why}.") from None
    if found is None:  # most likely a file that was not found: it shall not take everything back
        raise BadRequest("The file is empty; {} would say that nothing is set.")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise BadRequest("The file must have roles by name, each with its settings.")
    return found


def _part(part: Any, where: str, faults: list[FieldError]) -> Mapping[str, Any]:
    """Return the settings under a name; an empty one sets nothing."""
    if part is None:
        return {}
    if not isinstance(part, dict) or not all(isinstance(name, str) for name in part):
        faults.append(FieldError(where, "must have settings by name, such as {deadline: 60}"))
        return {}
    return part


def _values(
    part: Mapping[str, Any], where: str, level: str, faults: list[FieldError]
) -> SettingsValues:
    """Return the settings by their present names, and add what is wrong to the faults."""
    named: dict[str, Any] = {}
    written: dict[str, str] = {}  # how each is called in the file
    for name, value in part.items():
        now = _present_name(name)
        if name in DROPPED:
            faults.append(FieldError(f"{where}.{name}", DROPPED[name]))
        elif now in named:
            faults.append(FieldError(f"{where}.{name}", f"is there twice, also as {written[now]}"))
        elif value is None:
            advice = f"has no value; a space belongs after the colon, as in {name}: 60"
            faults.append(FieldError(f"{where}.{name}", advice))
        else:
            named[now], written[now] = _present_value(name, value), name
    faults += [_at(where, one) for one in misplaced(named, level)]
    try:
        return SettingsValues.model_validate(named)
    except ValidationError as error:
        faults += [_at(where, one) for one in field_errors(error.errors(), "setting")]
        return SettingsValues()


def _at(where: str, fault: FieldError) -> FieldError:
    return FieldError(f"{where}.{fault.field}", fault.message)


def _present_name(name: str) -> str:
    """Return the present name of a setting."""
    return OLD_NAMES.get(name, name)


def _present_value(name: str, value: Any) -> Any:
    """Return a value in the form that the setting of the old name has now."""
    return [value] if _present_name(name) == "queues" and isinstance(value, str) else value
