"""What does the form of a role's settings show? Each value, where it comes from, and what is wrong.

The form carries the version that it was made of and, for each field, the text that it was shown
with, so that what others changed meanwhile is seen and not undone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData

from api.dashboard.forms.role_fields import FIELDS, GROUPS, Field, as_text, display_text
from api.dependencies import field as text_of
from guv.errors import FieldError
from guv.roles.models import Role
from guv.scaling.policies import PARAMETERS
from guv.scaling.policies.parameters import Parameter
from guv.settings.levels import etag_of
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings

WAS = "was-"  # begins the name of a field that says what another was shown with


@dataclass(frozen=True, slots=True)
class SubmittedSettings:
    """A form as it came.

    Attributes:
        typed: The text of each field.
        was: The text that each was shown with.
        version: The version that it was made of.
        opened: When it was made.
        do: Which button sent it: "preview" or "save".
    """

    typed: Mapping[str, str]
    was: Mapping[str, str]
    version: str
    opened: str
    do: str

    @property
    def touched(self) -> dict[str, str]:
        """The fields that somebody changed."""
        return {name: text for name, text in self.typed.items() if text != self.was[name]}


def read_settings_form(form: FormData) -> SubmittedSettings:
    """The form as it came; a field that is missing was not touched."""
    was = {name: _lines(text_of(form, WAS + name)) for name in FIELDS}
    typed = {name: _lines(text_of(form, name)) if name in form else was[name] for name in FIELDS}
    version, opened = text_of(form, "version"), text_of(form, "opened")
    return SubmittedSettings(typed, was, version, opened, text_of(form, "do"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field as it is shown.

    Attributes:
        field: Which.
        text: What stands in it.
        was: What is set at the role itself.
        inherited: What would hold were it empty.
        source: Where that comes from.
        fault: Why the text cannot be accepted; empty: it can.
        warning: What to look at.
    """

    field: Field
    text: str
    was: str
    inherited: str
    source: str
    fault: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """The whole form.

    Attributes:
        groups: Its fields under their headings.
        version: Of what is shown.
        opened: When it is made.
        effective: What holds now, also of what has no field here.
        parameters: What can be set about the policy that stands in the form.
        others: What is wrong with what has no field here.
    """

    groups: Sequence[tuple[str, Sequence[Entry]]]
    version: str
    opened: str
    effective: EffectiveSettings
    parameters: Sequence[Parameter]
    others: Sequence[FieldError] = ()

    @property
    def wrong(self) -> list[Entry]:
        """The fields whose text cannot be accepted."""
        return [entry for _, entries in self.groups for entry in entries if entry.fault]


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is to be said at the fields."""

    faults: Sequence[FieldError] = ()
    warnings: Sequence[FieldError] = ()


NO_REMARKS = Remarks()


def settings_form(
    role: Role,
    chain: tuple[Level, ...],
    opened: datetime,
    typed: Mapping[str, str] | None = None,
    remarks: Remarks = NO_REMARKS,
) -> SettingsForm:
    """The form of a role.

    Args:
        role: Whose settings.
        chain: Its levels as they are now, from wide to narrow.
        opened: Now.
        typed: What stands in the fields; None: what is set.
        remarks: What is to be said at them.
    """
    inherited, effective = (effective_settings(role.name, one) for one in (chain[:-1], chain))
    policy = (typed or {}).get("policy")
    faults, warnings = _by_field(remarks.faults), _by_field(remarks.warnings)

    def entry(one: Field) -> Entry:
        was = as_text(one, chain[-1].values.get(one.name))
        return Entry(
            field=one,
            text=was if typed is None else typed[one.name],
            was=was,
            inherited=display_text(one, getattr(inherited, one.name)),
            source=inherited.sources[one.name],
            fault=faults.get(one.name, ""),
            warning=warnings.get(one.name, ""),
        )

    return SettingsForm(
        groups=[(title, [entry(one) for one in group]) for title, group in GROUPS],
        version=etag_of(role.id, chain),
        opened=opened.isoformat(),
        effective=effective,
        parameters=PARAMETERS.get(policy or effective.policy, ()),
        others=_others(remarks),
    )


def _others(remarks: Remarks) -> list[FieldError]:
    """What no field of the form shows."""
    said = (*remarks.faults, *remarks.warnings)
    return [one for one in said if one.field.partition(".")[0] not in FIELDS]


def _by_field(found: Sequence[FieldError]) -> dict[str, str]:
    """The messages by the field that they are shown at."""
    messages: dict[str, list[str]] = {}
    for one in found:
        name, _, part = one.field.partition(".")
        messages.setdefault(name, []).append(f"{part}: {one.message}" if part else one.message)
    return {name: "; ".join(some) for name, some in messages.items()}
