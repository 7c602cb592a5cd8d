"""Histories that the timing of decisions is measured on."""

import pytest

from bench.decide import HISTORIES, SAMPLES, figures, history


@pytest.mark.parametrize("kind", HISTORIES)
def test_a_history_is_long_and_adds_up(kind: str) -> None:
    samples = history(kind)
    assert len(samples) == SAMPLES
    assert all(
        (sample.published or 0) - (sample.served or 0)
        == (sample.messages_ready or 0) + (sample.messages_unacknowledged or 0)
        for sample in samples
    )


def test_every_history_gets_a_figure() -> None:
    assert {kind for kind, milliseconds in figures() if milliseconds > 0} == set(HISTORIES)
