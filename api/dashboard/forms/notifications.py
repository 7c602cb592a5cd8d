"""Form of notification targets, its fields named like the settings of the API.

Secrets are never shown, not even to the person who typed them. A secret that was typed beside a
faulty field goes back to the browser sealed, so that it need not be typed again.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData

from api.dashboard.forms.validation import field_error, validated
from api.dependencies import field as text_of
from guv.crypto import Sealer
from guv.settings.schema import SettingsValues

KINDS: Mapping[str, Mapping[str, str]] = {  # fields of each kind with their values in an empty form
    "new_relic": {
        "account_id": "",
        "license_key": "",
        "region": "us",
        "priority": "high",
        "events": "none",
        "heartbeat": "",
    },
    "webhook": {"url": "", "secret": ""},
}
SECRETS = frozenset({"license_key", "url", "secret"})
KEPT = "kept."  # prefix of fields that hold a sealed secret
REMOVE = "remove."  # prefix of fields that remove a kind
YES = "yes"
_NUMBER = re.compile(r"[0-9]{1,20}")


def name_of(kind: str, name: str) -> str:
    """Return the name of a field, in the form and in errors of the API."""
    return f"notify.{kind}.{name}"


FIELDS = tuple(name_of(kind, name) for kind, names in KINDS.items() for name in names)


@dataclass(frozen=True, slots=True)
class SubmittedTargets:
    """A submitted form of targets.

    Attributes:
        texts: The text of each field by its name, including secrets.
        removed: The kinds to remove.
    """

    texts: Mapping[str, str]
    removed: frozenset[str] = part(default_factory=frozenset)

    @property
    def open_texts(self) -> dict[str, str]:
        """The texts that may be shown, which excludes secrets, and the kinds to remove."""
        shown = {name: text for name, text in self.texts.items() if not _is_secret(name)}
        return {**shown, **{REMOVE + kind: YES for kind in self.removed}}

    def kept(self, faults: Iterable[str], sealer: Sealer, tenant: UUID) -> dict[str, str]:
        """Seal the typed secrets that have no fault, for the next attempt."""
        wrong = set(faults)
        return {
            name: _sealed(text, name, sealer, tenant)
            for name, text in self.texts.items()
            if text and _is_secret(name) and name not in wrong
        }


def read_targets_form(form: FormData, sealer: Sealer, tenant: UUID) -> SubmittedTargets:
    """Read the submitted form; an empty secret falls back to one kept from the last attempt."""
    texts = {name: text_of(form, name) for name in FIELDS}
    for name in filter(_is_secret, FIELDS):
        texts[name] = texts[name] or _opened(text_of(form, KEPT + name), name, sealer, tenant)
    return SubmittedTargets(
        texts, frozenset(kind for kind in KINDS if text_of(form, REMOVE + kind))
    )


def form_of_target(target: Mapping[str, Any]) -> SubmittedTargets:
    """Fill in the form with a stored target, without its secrets."""
    texts = {}
    for kind, names in KINDS.items():
        own = target.get(kind, {})
        for name, blank in names.items():
            value = own.get(name, blank)
            texts[name_of(kind, name)] = _text("" if name in SECRETS else value)
    return SubmittedTargets(texts)


def settings_from(sent: SubmittedTargets, target: Mapping[str, Any]) -> SettingsValues:
    """Build the change of `notify` that the form asks for.

    Args:
        sent: The submitted form.
        target: The stored targets, masked; their secrets stay where none was typed.

    Raises:
        Invalid: Nothing was filled in, or fields have faults, each of which is named.
    """
    kinds = {
        kind: _target(sent, kind, target.get(kind, {}))
        for kind in KINDS
        if kind not in sent.removed and (kind in target or _is_filled(sent, kind))
    }
    if not kinds and not target:
        raise field_error("notify", "requires a New Relic account or a webhook")
    return validated(SettingsValues, {"notify": kinds or None})


def _target(sent: SubmittedTargets, kind: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Build a target as the API takes it; empty fields are left out, hence reported as missing."""
    values: dict[str, Any] = {}
    for name in KINDS[kind]:
        text = sent.texts[name_of(kind, name)]
        if name == "heartbeat":
            values[name] = text == YES
        elif name == "account_id" and _NUMBER.fullmatch(text):
            values[name] = int(text)
        elif text or name in SECRETS & own.keys():
            values[name] = text or own[name]
    return values


def _is_filled(sent: SubmittedTargets, kind: str) -> bool:
    return any(sent.texts[name_of(kind, name)] != blank for name, blank in KINDS[kind].items())


def _is_secret(name: str) -> bool:
    return name.rpartition(".")[2] in SECRETS


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else ""
    return str(value)


def _sealed(text: str, name: str, sealer: Sealer, tenant: UUID) -> str:
    """Seal a secret for this field of this tenant, so that it is of no use anywhere else."""
    return sealer.seal(json.dumps({"typed": text, "for": [str(tenant), name]})).decode()


def _opened(sealed: str, name: str, sealer: Sealer, tenant: UUID) -> str:
    """Open a secret that `_sealed` sealed; return "" for anything else."""
    try:
        kept = json.loads(sealer.open(sealed.encode()))
    except ValueError:
        return ""
    is_ours = isinstance(kept, dict) and kept.get("for") == [str(tenant), name]
    return str(kept["typed"]) if is_ours else ""
