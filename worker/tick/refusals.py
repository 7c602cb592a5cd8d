"""What does Heroku mean by its refusal? Some pass, some name a limit, some need a person."""

import re

import httpx

from guv.errors import HerokuRefused

BLOCKED = "blocked by deploy since"
_LOCK = re.compile(r"preboot|release phase|release in progress", re.IGNORECASE)
_WHAT_HELPS = {
    "delinquent": "The bill of the Heroku account is not paid.",
    "suspended": "Heroku has suspended the app or its account.",
    "verification_needed": "Heroku wants the account to be verified.",
}


def is_lock(refusal: HerokuRefused) -> bool:
    """Whether a release is under way, and the same wish will be granted when it is over."""
    is_invalid = refusal.status == httpx.codes.UNPROCESSABLE_ENTITY
    return is_invalid and _LOCK.search(refusal.message) is not None


def named_limit(refusal: HerokuRefused) -> int | None:
    """The most dynos that Heroku would allow; None: that is not why it refuses."""
    return refusal.limit if refusal.id == "cannot_run_above_limit" else None


def in_words(refusal: HerokuRefused) -> str:
    """Heroku's words, and what they ask of a person where they do not say it themselves."""
    return " ".join(filter(None, [str(refusal), _WHAT_HELPS.get(refusal.id)]))
