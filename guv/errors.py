"""Errors of guv, and their responses.

GuvError
├── BadRequest          400  the request is malformed
├── Unauthorized        401  missing or wrong credentials
├── Forbidden           403  not allowed
├── NotFound            404  missing, or another tenant's
├── Conflict            409  changed meanwhile, or already exists
├── Gone                410  deprovisioned
├── PreconditionFailed  412  changed since it was read (If-Match)
├── Invalid             422  a value cannot be accepted; names the field
├── TooMany             429  more requests than the key may make
└── Unavailable         503  a service that guv needs does not answer
OutsideError                 an error of an outside system; never holds a URL or a secret
├── AddressRefused           a tenant's URL leads into a private network
├── BrokerUnreachable        no usable answer from the broker
├── BrokerRefused            the broker refuses login or access
├── QueueMissing             the broker has no such queue, or one without a backlog
├── HerokuUnavailable        no usable answer from Heroku
│   └── HerokuLimited        the account has no calls left for now
├── HerokuRefused            Heroku refuses, with its own id and message
└── NotifierFailed           a notification was not accepted
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field that cannot be accepted: its path, what is wrong and what would be right."""

    field: str
    message: str


def first_reason(errors: Sequence[FieldError]) -> str:
    """Return the first error as a sentence, with the number of further ones."""
    field, message, more = errors[0].field, errors[0].message, len(errors) - 1
    reason = f"{field} {message}" if field else f"{message[:1].upper()}{message[1:]}"
    if more:
        return f"{reason.removesuffix('.')} (and {more} more)."
    return reason if reason.endswith((".", "?")) else f"{reason}."


class GuvError(Exception):
    """An error reported to an HTTP client, in Heroku's own form."""

    status = 500
    id = "internal_error"

    def __init__(self, message: str, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)


class BadRequest(GuvError):
    """The request is malformed."""

    status, id = 400, "bad_request"


class Unauthorized(GuvError):
    """Missing or wrong credentials."""

    status, id = 401, "unauthorized"


class Forbidden(GuvError):
    """Not allowed."""

    status, id = 403, "forbidden"


class NotFound(GuvError):
    """Missing, or another tenant's; the two are never told apart."""

    status, id = 404, "not_found"


class Conflict(GuvError):
    """Changed meanwhile, or already exists."""

    status, id = 409, "conflict"


class Gone(GuvError):
    """The add-on resource was deprovisioned."""

    status, id = 410, "gone"


class PreconditionFailed(GuvError):
    """Changed since it was read."""

    status, id = 412, "precondition_failed"


class TooMany(GuvError):
    """More requests than the key may make."""

    status, id = 429, "rate_limit"


class Invalid(GuvError):
    """One or more values cannot be accepted."""

    status, id = 422, "invalid_params"


class Unavailable(GuvError):
    """A service that guv needs does not answer."""

    status, id = 503, "unavailable"


class OutsideError(Exception):
    """An error of an outside system; its text never holds a URL or a secret."""


class AddressRefused(OutsideError):
    """A tenant's URL leads into a private network; the address is not shown."""

    def __init__(self) -> None:
        super().__init__(
            "no connection: the host leads into a private network;"
            " name one that can be reached from the internet"
        )


class BrokerFailure(StrEnum):
    """How a broker failed to give a usable answer."""

    NO_CONNECTION = "no_connection"
    NOT_HTTP = "not_http"
    NOT_AN_API = "not_an_api"
    OTHER = "other"  # the message says what


class BrokerUnreachable(OutsideError):
    """No usable answer from the broker: refused, timed out, or not understood."""

    def __init__(self, message: str, failure: BrokerFailure = BrokerFailure.OTHER) -> None:
        super().__init__(message)
        self.failure = failure


class BrokerRefused(OutsideError):
    """The broker refuses the login or the access to the virtual host."""


class QueueMissing(OutsideError):
    """The broker has no such queue, or one whose backlog cannot be read."""


class HerokuUnavailable(OutsideError):
    """No usable answer from Heroku: unreachable, timed out, 5xx or rate limited."""


class HerokuLimited(HerokuUnavailable):
    """Heroku's rate limit is used up (429); calls come back one by one."""


class HerokuRefused(OutsideError):
    """Heroku refuses a call.

    Attributes:
        status: The HTTP status.
        id: Heroku's id of the error, such as "forbidden" or "cannot_run_above_limit".
        message: Heroku's message.
        limit: The number of dynos it would allow, if it tells.
    """

    def __init__(self, status: int, id_: str, message: str, limit: int | None = None) -> None:
        super().__init__(f"{id_}: {message}")
        self.status = status
        self.id = id_
        self.message = message
        self.limit = limit

    @property
    def is_about_token(self) -> bool:
        """Whether the token itself is invalid, rather than a right missing."""
        return self.status == Unauthorized.status

    @property
    def is_about_rights(self) -> bool:
        """Whether the token or the right to read or scale is missing."""
        return self.status in {401, 403} and self.id != "suspended"


class NotifierFailed(OutsideError):
    """A notification was not accepted.

    Attributes:
        retry: Whether trying again may help (429, 5xx, timeouts) or not (403, 400).
    """

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry
