"""The signed form with which Heroku signs a customer on to the partner's pages."""

import hashlib
from uuid import NAMESPACE_URL, UUID, uuid5

from sandbox.heroku.model import AddOn


def sso_form(addon: AddOn, salt: str, email: str, timestamp: int) -> dict[str, str]:
    """Build what the customer's browser posts, with both tokens that are valid today.

    Args:
        addon: Whose pages.
        salt: The manifest's `sso_salt`.
        email: Who comes.
        timestamp: Unix seconds.
    """
    user = user_id(email)
    return {
        "id": str(addon.provider_id or addon.id),
        "resource_id": str(addon.id),
        "resource_token": _sha1(f"{addon.id}:{salt}:{timestamp}"),
        "user_scoped_resource_token": _sha256(f"{addon.id}:{salt}:{timestamp}:{user}:{email}"),
        "timestamp": str(timestamp),
        "nav-data": "e30",
        "email": email,
        "user_id": str(user),
        "app": addon.app.name,
        "context_app": addon.app.name,
    }


def user_id(email: str) -> UUID:
    """Heroku's id of the person with that address."""
    return uuid5(NAMESPACE_URL, email)


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
