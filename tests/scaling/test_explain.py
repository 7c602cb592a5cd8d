"""Each decision is a sentence that a person understands."""

import pytest

from guv.scaling import Sample, Settings, decide

NOW = 900.0


def said(settings: Settings, *samples: Sample) -> str:
    return decide(settings, samples, NOW).explanation


def quiet(dynos: int, running: int = 0) -> list[Sample]:
    return [Sample(NOW - 10.0 * k, 0, running, 50, 50, dynos, dynos) for k in range(30, -1, -1)]


def test_it_says_what_waits_what_helps_and_what_was() -> None:
    sample = Sample(NOW, 240, 2, 900, 658, 2, 2)
    text = said(Settings(maximum_dynos=9, target_deadline=300, processing_time=1), sample)
    assert text == (
        "240 messages wait; 2 dynos finish the last one in 121 s, within the 300 s deadline; "
        "stays at 2 dynos (the history is too short to go down)."
    )


def test_it_counts_in_words_that_fit_one() -> None:
    text = said(Settings(target_deadline=60, processing_time=1), Sample(NOW, 1, 1, 9, 7, 1, 1))
    assert text.startswith("1 message waits; 1 dyno finishes the last one in")


def test_it_names_the_change() -> None:
    sample = Sample(NOW, 240, 2, 900, 658, 2, 2)
    text = said(Settings(maximum_dynos=40, target_deadline=60, processing_time=1), sample)
    assert "dynos now, was 2 (" in text


def test_it_names_a_miss() -> None:
    text = said(Settings(target_deadline=60, processing_time=1), Sample(NOW, 900, 1, 9, 7, 1, 1))
    assert "later than the 60 s deadline" in text


def test_it_says_that_nothing_waits() -> None:
    assert said(Settings(), *quiet(1)).startswith("None waits; stays at 1 dyno")


def test_it_says_that_messages_only_run() -> None:
    assert "None waits and 3 messages run" in said(Settings(processing_time=900), *quiet(3, 3))


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        (Sample(NOW, dynos=4), "Held at 4 dynos: the number of messages is unknown."),
        (Sample(NOW - 500, 1, 1, dynos=4), "Held at 4 dynos: the last sample is 500 s old."),
        (Sample(NOW, 1, 1), "Held: the number of dynos is unknown, and the number of dynos"),
    ],
)
def test_a_hold_says_what_is_missing(sample: Sample, text: str) -> None:
    assert said(Settings(), sample).startswith(text)


def test_an_empty_history_is_said_to_be_one() -> None:
    assert said(Settings()).startswith("Held: no usable sample")


def test_every_sentence_ends() -> None:
    assert said(Settings(), *quiet(3)).endswith(".")
