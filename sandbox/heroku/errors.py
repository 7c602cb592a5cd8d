"""What Heroku answers when it does not do as asked: its ids, its words."""

from typing import Any


class Refusal(Exception):
    """An error answer.

    Attributes:
        status: The HTTP status.
        body: `{"id", "message"}` and what else belongs to it.
    """

    def __init__(self, status: int, id_: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"id": id_, "message": message, **more}


def bad_request() -> Refusal:
    """Refuse a body that is not a JSON object."""
    return Refusal(400, "bad_request", "Unable to parse the JSON in the request body.")


def bad_credentials() -> Refusal:
    """No token, or one that never worked, has expired or was revoked."""
    return Refusal(401, "unauthorized", "Invalid credentials provided.")


def bad_grant() -> Refusal:
    """Refuse a grant code or refresh token that does not work (any more)."""
    return Refusal(401, "unauthorized", "OAuth authorization invalid.")


def no_access(app: str) -> Refusal:
    """Refuse a token that is not for this app or this endpoint."""
    return Refusal(403, "forbidden", f"You do not have access to the app {app}.")


def missing(what: str) -> Refusal:
    """Refuse a name or id that does not exist."""
    return Refusal(404, "not_found", f"Couldn't find that {what}.", resource=what)


def no_process_type(name: str) -> Refusal:
    """Refuse a process type that the app's Procfile does not have."""
    return Refusal(404, "not_found", f"Couldn't find that process type ({name}).")


def invalid(message: str) -> Refusal:
    """Refuse a request that is well formed but not acceptable."""
    return Refusal(422, "invalid_params", message)


def above_limit(limit: int, size: str) -> Refusal:
    """More dynos than the app may have; nothing was changed."""
    message = f"Cannot run more than {limit} {size} size dynos."
    return Refusal(422, "cannot_run_above_limit", message, limit=limit, size=size)


def locked() -> Refusal:
    """Refuse a change while a release is under way."""
    return invalid(
        "Cannot change formation for a preboot app until release phase and preboot complete"
    )


def rate_limited() -> Refusal:
    """Refuse an account that has used up its calls."""
    message = "Your account reached the API rate limit. Please wait a few minutes before making"
    return Refusal(429, "rate_limit", f"{message} new requests")
