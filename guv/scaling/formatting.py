"""Counts and seconds in words, shared by policies, rules and explanations."""


def counted(count: int, one: str, many: str) -> str:
    """Return the count with the word that fits it: "1 message", "2 messages"."""
    return f"{count} {one if count == 1 else many}"


def seconds_beside(value: float, limit: float) -> str:
    """Return rounded seconds that stay on the same side of the limit."""
    whole = round(value)
    is_told = whole > 0 or value == 0
    return f"{whole}" if is_told and (whole > limit) == (value > limit) else f"{value:.4g}"
