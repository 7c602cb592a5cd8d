"""Headers of conditional changes: If-Match and If-None-Match."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

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
