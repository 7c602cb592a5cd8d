"""Counts and seconds in words, shared by policies, rules and explanations."""


def counted(count: int, one: str, many: str) -> str:
    """The count with the word that fits it, such as "1 message waits" or "2 messages wait"."""
    return f"{count} {one if count == 1 else many}"


def seconds_beside(value: float, limit: float) -> str:
    """Seconds as a number, whole where that still says on which side of the limit they are."""
    whole = round(value)
    is_told = whole > 0 or value == 0
    return f"{whole}" if is_told and (whole > limit) == (value > limit) else f"{value:.4g}"
