"""Is it still as it was when it was read? Versions as entity tags, checked before a change."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header

from guv.errors import PreconditionFailed
from guv.settings.resolve import Level

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="The ETag of what was read: the change is made only if nothing that holds"
        " there was changed since",
        examples=['"1f0c2a9e.0.2.5"'],
    ),
]
_IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        pattern=r"^\*$",
        description="`*`: only if there is no such role yet",
        examples=["*"],
    ),
]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a client expects to be there.

    Attributes:
        match: The entity tag of it; None: whatever is there.
        is_new: Whether nothing is.
    """

    match: str | None
    is_new: bool


async def _expected(match: IfMatch = None, no_match: _IfNoneMatch = None) -> Expected:
    return Expected(match, is_new=no_match is not None)


ExpectedDep = Annotated[Expected, Depends(_expected)]


def etag_of(subject: UUID, chain: tuple[Level, ...]) -> str:
    """The entity tag of a level: it changes whenever it or a wider level is changed."""
    versions = ".".join(str(level.version) for level in chain)
    return f'"{subject.hex[:8]}.{versions}"'


def refuse_changed(wanted: str | None, etag: str | None) -> None:
    """Nothing, or an error where the tag that a client read is not the present one.

    Args:
        wanted: The If-Match header; None: the client does not care.
        etag: The present tag; None: there is nothing yet.

    Raises:
        PreconditionFailed: It was changed meanwhile.
    """
    if wanted is None:
        return
    tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    if etag is None or not ({"*", etag} & tags):
        raise PreconditionFailed(
            "The settings were changed since they were read: read them again, then change them."
        )
