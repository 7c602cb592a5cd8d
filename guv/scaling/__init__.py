"""The scaling mathematics: `decide(settings, history, now)`, pure and without I/O."""

from guv.scaling.decide import decide
from guv.scaling.estimate.cleaning import clean, followed
from guv.scaling.model import (
    Decision,
    Direction,
    Estimates,
    Override,
    Pause,
    Reason,
    Sample,
    Settings,
    Step,
    WebReading,
    Window,
    Wish,
)

__all__ = [
    "Decision",
    "Direction",
    "Estimates",
    "Override",
    "Pause",
    "Reason",
    "Sample",
    "Settings",
    "Step",
    "WebReading",
    "Window",
    "Wish",
    "clean",
    "decide",
    "followed",
]
