"""Which secret does a resource have with us? The key in its GUV_URL.

The key is the same one for every delivery of the same provisioning.

Heroku may deliver a provisioning more than once and uses the config of whichever answer arrives.
Only a hash of the key is stored, so the key is derived from the resource's uuid with the secret
that seals tokens: whoever knows that secret can derive it again, nobody else can.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from sqlmodel import Session

from guv.config import Config
from guv.tenants import keys
from guv.tenants.models import Tenant

NAME = "GUV_URL"


def guv_url(session: Session, tenant: Tenant, config: Config, now: datetime) -> str:
    """The tenant's GUV_URL: the API's address with the tenant's own key in it.

    A key that was revoked is not given again: the next one takes its place. After the encryption
    keys have changed, the key stays the same for as long as the old one is still in the list.
    """
    secrets = config.guv_encryption_keys.get_secret_value().split(",")
    generation = keys.count_revoked(session, tenant.id, NAME)
    derived = [_derive(secret.strip(), f"{tenant.id} {generation}") for secret in secrets if secret]
    key = keys.first_valid(session, tenant.id, derived) or derived[0]
    keys.put_key(session, tenant.id, NAME, key, now)
    return _with_key(config.guv_public_url, key)


def _derive(secret: str, subject: str) -> str:
    """A key that only whoever holds the secret can derive."""
    return "guv_" + _digest(secret, f"guv api key {subject}")


def _digest(secret: str, subject: str) -> str:
    """HMAC-SHA-256, 256 bits as URL-safe text."""
    digest = hmac.digest(secret.encode(), subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _with_key(public_url: str, key: str) -> str:
    """The address of the API's first version, with the key as password."""
    parts = urlsplit(public_url.rstrip("/"))
    return urlunsplit((parts.scheme, f"guv:{key}@{parts.netloc}", f"{parts.path}/v1", "", ""))
