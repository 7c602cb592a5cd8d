"""How are notification targets kept and shown? Sealed, and with their keys masked."""

import json
from typing import Any

from guv.crypto import Sealer
from guv.errors import FieldError, Invalid
from guv.logs import MASK
from guv.settings.values import Nothing, Notify


def sealed_target(
    target: Notify | Nothing | None, stored: bytes | None, sealer: Sealer
) -> bytes | None:
    """The target as it is stored; None: there is none.

    What was shown can be sent back: a masked key stands for the stored one. The same target again
    is the same bytes again, so that nothing seems to have changed.

    Raises:
        Invalid: The key is masked and none is stored.
    """
    if not isinstance(target, Notify) or target.new_relic is None:
        return None
    values = target.model_dump(mode="json")
    key = target.new_relic.license_key.get_secret_value()
    before = json.loads(sealer.open(stored)) if stored else None
    if key == MASK:
        if before is None:
            field = FieldError("notify.new_relic.license_key", "is needed; it was sent masked")
            raise Invalid("The license key is needed.", [field])
        key = before["new_relic"]["license_key"]
    values["new_relic"]["license_key"] = key
    return stored if values == before else sealer.seal(json.dumps(values))


def shown_target(stored: bytes | None, sealer: Sealer) -> dict[str, Any] | None:
    """The target with its key masked; None: there is none."""
    if stored is None:
        return None
    target: dict[str, Any] = json.loads(sealer.open(stored))
    target["new_relic"]["license_key"] = MASK
    return target
