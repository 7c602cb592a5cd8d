"""All or nothing, as a fork of delayed_job did it in 2010.

Any message, waiting or running, starts the dynos; an empty queue stops them. The original knew
one worker only; how many are started can be set here.
"""

from collections.abc import Sequence

from guv.scaling.formatting import counted
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter
from guv.scaling.policies.past import backlog

DYNOS = Number("dynos", 1.0, "dynos", "how many are started", 1.0)

PARAMETERS: tuple[Parameter, ...] = (DYNOS,)


def on_off(settings: Settings, samples: Sequence[Sample], _: Estimates, __: float) -> Wish:
    """The set number while there is any message; never fewer than run already; else none."""
    messages = backlog(samples[-1])
    current = samples[-1].dynos or 0
    if messages is None:
        return Wish(current, Reason.NO_DATA, "the backlog is unknown")
    if not messages:
        return Wish(0, Reason.IDLE, "the queue is empty")
    note = counted(messages, "message", "messages")
    return Wish(max(current, int(DYNOS.of(settings))), Reason.BACKLOG, note)
