"""Notification targets as they are stored, sealed, and as they are shown, masked."""

import json
from typing import Any
from urllib.parse import urlsplit

from guv.crypto import Sealer
from guv.errors import FieldError, Invalid, first_reason
from guv.logging import MASK
from guv.settings.field_models import Nothing, Notify

_SECRETS = (("new_relic", "license_key"), ("webhook", "url"), ("webhook", "secret"))


def sealed_target(
    target: Notify | Nothing | None, stored: bytes | None, sealer: Sealer
) -> bytes | None:
    """Seal a target for storage; None: there is none.

    What was shown can be sent back: a masked secret stands for the stored one. The same target
    again is the same bytes again, so that nothing seems to have changed.

    Raises:
        Invalid: A secret is masked and none is stored.
    """
    if not isinstance(target, Notify) or not (target.new_relic or target.webhook):
        return None
    before = json.loads(sealer.open(stored)) if stored else {}
    values = target.model_dump(mode="json", exclude_none=True)
    for kind, name in _SECRETS:
        if kind in values:
            sent = getattr(getattr(target, kind), name).get_secret_value()
            values[kind][name] = _unmasked(kind, name, sent, before.get(kind))
    return stored if values == before else sealer.seal(json.dumps(values))


def shown_target(stored: bytes | None, sealer: Sealer) -> dict[str, Any] | None:
    """Return the target with its secrets masked; None: there is none."""
    if stored is None:
        return None
    target: dict[str, Any] = json.loads(sealer.open(stored))
    for kind, name in _SECRETS:
        if kind in target:
            target[kind][name] = _masked(name, target[kind][name])
    return target


def _masked(name: str, secret: str) -> str:
    """Return what is shown in place of a secret; of an address, which may hold one, the host."""
    if name != "url":
        return MASK
    parts = urlsplit(secret)
    return f"{parts.scheme}://{parts.netloc}/{MASK}"


def _unmasked(kind: str, name: str, sent: str, before: dict[str, Any] | None) -> str:
    """Return the secret that was sent, or the stored one that its mask stands for."""
    if MASK not in sent:
        return sent
    if before is None or sent != _masked(name, before[name]):
        field = FieldError(
            f"notify.{kind}.{name}", "is required: it was sent masked, and none is stored"
        )
        raise Invalid(first_reason([field]), [field])
    return str(before[name])
