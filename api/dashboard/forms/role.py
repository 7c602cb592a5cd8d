"""Form of a role's settings: values, their sources, faults and warnings.

The form carries its version and the original text of each field, so that changes by others are
noticed and not undone.
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

WAS = "was-"  # prefix of hidden fields with the original text of another field


@dataclass(frozen=True, slots=True)
class SubmittedSettings:
    """A submitted form of settings.

    Attributes:
        typed: The text of each field.
        was: The original text of each field.
        version: The entity tag of the settings it was made of.
        opened: Time at which it was made.
        do: The button that sent it: "preview" or "save".
    """

    typed: Mapping[str, str]
    was: Mapping[str, str]
    version: str
    opened: str
    do: str

    @property
    def touched(self) -> dict[str, str]:
        """The fields that the person changed."""
        return {name: text for name, text in self.typed.items() if text != self.was[name]}


def read_settings_form(form: FormData) -> SubmittedSettings:
    """Read the submitted form; a missing field is unchanged."""
    was = {name: _lines(text_of(form, WAS + name)) for name in FIELDS}
    typed = {name: _lines(text_of(form, name)) if name in form else was[name] for name in FIELDS}
    version, opened = text_of(form, "version"), text_of(form, "opened")
    return SubmittedSettings(typed, was, version, opened, text_of(form, "do"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of the form.

    Attributes:
        field: The setting's field.
        text: Its present text.
        was: The role's own value.
        inherited: The value that an empty field inherits.
        source: The level of the inherited value.
        fault: Why the text is not valid; empty: it is.
        warning: A warning about the text.
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
    """The form of a role's settings.

    Attributes:
        groups: Its fields under their headings.
        version: The entity tag of the settings shown.
        opened: Time at which it is made.
        effective: The effective settings, including those on other pages.
        parameters: Parameters of the policy chosen in the form.
        others: Faults and warnings about settings on other pages.
    """

    groups: Sequence[tuple[str, Sequence[Entry]]]
    version: str
    opened: str
    effective: EffectiveSettings
    parameters: Sequence[Parameter]
    others: Sequence[FieldError] = ()

    @property
    def wrong(self) -> list[Entry]:
        """The fields whose text is not valid."""
        return [entry for _, entries in self.groups for entry in entries if entry.fault]


@dataclass(frozen=True, slots=True)
class Remarks:
    """Faults and warnings to show at the fields."""

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
    """Build the form of a role's settings.

    Args:
        role: The role.
        chain: Its present levels, from wide to narrow.
        opened: The present time.
        typed: The text of each field; None: the stored values.
        remarks: Faults and warnings to show at the fields.
    """
    inherited, effective = (effective_settings(role.name, levels) for levels in (chain[:-1], chain))
    policy = (typed or {}).get("policy")
    faults, warnings = _by_field(remarks.faults), _by_field(remarks.warnings)

    def entry(field: Field) -> Entry:
        was = as_text(field, chain[-1].values.get(field.name))
        return Entry(
            field=field,
            text=was if typed is None else typed[field.name],
            was=was,
            inherited=display_text(field, getattr(inherited, field.name)),
            source=inherited.sources[field.name],
            fault=faults.get(field.name, ""),
            warning=warnings.get(field.name, ""),
        )

    return SettingsForm(
        groups=[(title, [entry(field) for field in group]) for title, group in GROUPS],
        version=etag_of(role.id, chain),
        opened=opened.isoformat(),
        effective=effective,
        parameters=PARAMETERS.get(policy or effective.policy, ()),
        others=_others(remarks),
    )


def _others(remarks: Remarks) -> list[FieldError]:
    """Return the remarks that no field of the form shows."""
    remarked = (*remarks.faults, *remarks.warnings)
    return [remark for remark in remarked if remark.field.partition(".")[0] not in FIELDS]


def _by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    """Join the messages of each field."""
    messages: dict[str, list[str]] = {}
    for error in errors:
        name, _, part = error.field.partition(".")
        messages.setdefault(name, []).append(f"{part}: {error.message}" if part else error.message)
    return {name: "; ".join(texts) for name, texts in messages.items()}
