"""What came of the ticks, for a person? A table, and below it what is wrong."""

from collections.abc import Sequence

from worker.tick.result import Outcome, TickResult

HEADER = ("role", "backlog", "dynos", "desired", "outcome", "reason")
BAD = frozenset({Outcome.REFUSED, Outcome.FAILED})


def is_well(result: TickResult) -> bool:
    """Whether nobody needs to look at it."""
    return not result.troubles and result.actuated.outcome not in BAD


def table_of(results: Sequence[TickResult]) -> str:
    """One line a role, then one for each trouble and each change that was not made."""
    rows = [HEADER, *(_row(one) for one in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    notes = [f"{_name(one)}: {text}" for one in results for text in _notes(one)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _name(result: TickResult) -> str:
    return f"{result.subject.app.name}/{result.subject.role.name}"


def _row(result: TickResult) -> tuple[str, ...]:
    decision = result.decision
    counts = (decision.estimates.backlog, decision.current, decision.desired)
    shown = ("?" if count is None else str(count) for count in counts)
    return (_name(result), *shown, result.actuated.outcome, decision.reason)


def _notes(result: TickResult) -> list[str]:
    error = result.actuated.error
    texts = [trouble.text for trouble in result.troubles]
    is_new = error and not any(error in text or text in error for text in texts)
    return [*texts, error] if error and is_new else texts
