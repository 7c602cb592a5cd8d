"""What can go wrong, and what does the other side hear of it?

GuvError
├── BadRequest          400  the request itself makes no sense
├── Unauthorized        401  no or wrong credentials
├── Forbidden           403  known, but not allowed
├── NotFound            404  not there, or another tenant's
├── Conflict            409  changed meanwhile, or already there
├── Gone                410  deprovisioned
├── PreconditionFailed  412  not as it was when it was read (If-Match)
├── Invalid             422  a value cannot be accepted; names the field
├── TooMany             429  more requests than the key may make
└── Unavailable         503  something guv stands on is away
OutsideError                 a port's answer, translated once; never holds a URL or a secret
├── AddressRefused           a tenant's URL leads where guv calls nobody
├── BrokerUnreachable        no usable answer from the broker
├── BrokerRefused            the broker refuses login or access
├── QueueMissing             the broker knows no such queue, or one that cannot be watched
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
    """One field that cannot be accepted: its path, what is wrong and what would be right."""

    field: str
    message: str


def first_reason(errors: Sequence[FieldError]) -> str:
    """Return the first error as a sentence, for the message above them all."""
    field, message = errors[0].field, errors[0].message
    reason = f"{field} {message}" if field else f"{message[:1].upper()}{message[1:]}"
    return reason if reason.endswith((".", "?")) else f"{reason}."


class GuvError(Exception):
    """An error that an HTTP client is told about, in Heroku's own form."""

    status = 500
    id = "internal_error"

    def __init__(self, message: str, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)


class BadRequest(GuvError):
    """The request itself makes no sense."""

    status, id = 400, "bad_request"


class Unauthorized(GuvError):
    """No or wrong credentials."""

    status, id = 401, "unauthorized"


class Forbidden(GuvError):
    """Known, but not allowed."""

    status, id = 403, "forbidden"


class NotFound(GuvError):
    """Not there, or another tenant's; the two are never told apart."""

    status, id = 404, "not_found"


class Conflict(GuvError):
    """Changed meanwhile, or already there."""

    status, id = 409, "conflict"


class Gone(GuvError):
    """The add-on resource was deprovisioned."""

    status, id = 410, "gone"


class PreconditionFailed(GuvError):
    """It is not as it was when it was read."""

    status, id = 412, "precondition_failed"


class TooMany(GuvError):
    """More requests than the key may make."""

    status, id = 429, "rate_limit"


class Invalid(GuvError):
    """One or more values cannot be accepted."""

    status, id = 422, "invalid_params"


class Unavailable(GuvError):
    """Something that guv stands on is away."""

    status, id = 503, "unavailable"


class OutsideError(Exception):
    """A port's answer that is no result; its text never holds a URL or a secret."""


class AddressRefused(OutsideError):
    """A tenant's URL leads into a private network; the address itself is nobody's business."""

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
    """The broker knows no such queue, or knows one whose backlog cannot be watched."""


class HerokuUnavailable(OutsideError):
    """No usable answer from Heroku: unreachable, timed out, 5xx or rate limited."""


class HerokuLimited(HerokuUnavailable):
    """Heroku answers 429: the account has used up its calls, and gets them back one by one."""


class HerokuRefused(OutsideError):
    """Heroku refuses.

    Attributes:
        status: The HTTP status.
        id: Heroku's word for it, such as "forbidden" or "cannot_run_above_limit".
        message: Its sentence.
        limit: The number of dynos it would allow, where it says so.
    """

    def __init__(self, status: int, id_: str, message: str, limit: int | None = None) -> None:
        super().__init__(f"{id_}: {message}")
        self.status = status
        self.id = id_
        self.message = message
        self.limit = limit

    @property
    def is_about_token(self) -> bool:
        """Whether the token itself is dead, and no right of it is missing."""
        return self.status == Unauthorized.status

    @property
    def is_about_rights(self) -> bool:
        """Whether token or right to look or scale are gone, and it is not something else."""
        return self.status in {401, 403} and self.id != "suspended"


class NotifierFailed(OutsideError):
    """A notification was not accepted.

    Attributes:
        retry: Whether trying again may help (429, 5xx, timeouts) or never will (403, 400).
    """

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry
