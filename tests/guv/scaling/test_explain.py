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


@pytest.mark.parametrize(
    ("deadline", "processing_time", "text"),
    [
        (1.5, 0.1, "finishes the last one in 0.2 s, within the 1.5 s deadline"),
        (0.4, 0.3, "finishes the last one in 1 s, later than the 0.4 s deadline"),
        (20.25, 10.2, "finishes the last one in 20.4 s, later than the 20.25 s deadline"),
        (2592000, 1.0, "in 2 s, within the 2592000 s deadline"),
    ],
)
def test_seconds_stay_on_their_side_of_the_deadline(
    deadline: float, processing_time: float, text: str
) -> None:
    settings = Settings(maximum_dynos=1, target_deadline=deadline, processing_time=processing_time)
    assert text in said(settings, Sample(NOW, 1, 1, 9, 7, 1, 1))


def test_one_more_is_for_a_deadline_that_it_does_not_keep() -> None:
    text = said(Settings(processing_time=900), Sample(NOW, 1, 0, 9, 7, 0, 0))
    assert text == (
        "1 message waits; 1 dyno finishes the last one in 930 s, later than the 60 s deadline; "
        "1 dyno now, was 0 (1 more for the deadline)."
    )


def test_a_miss_of_those_that_waited_long_is_no_late_end() -> None:
    settings = Settings(maximum_dynos=1, target_deadline=15, processing_time=5)
    stuck = [Sample(NOW - 10.0 * k, 1, 1, 50, 48, 1, 1) for k in range(5, -1, -1)]
    text = said(settings, *stuck)
    assert "in 10 s, but some miss the 15 s deadline" in text


def test_nothing_serves_the_only_one() -> None:
    nothing = Settings(minimum_dynos=0, maximum_dynos=0)
    assert "nothing serves it yet" in said(nothing, Sample(NOW, 1, 0, 9, 7, 0, 0))


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
        (Sample(NOW, 1, 1), "Held: the number of dynos is unknown."),
        (
            Sample(NOW),
            "Held: the number of messages is unknown, and the number of dynos is unknown",
        ),
    ],
)
def test_a_hold_says_what_is_missing(sample: Sample, text: str) -> None:
    assert said(Settings(), sample).startswith(text)


def test_an_empty_history_is_said_to_be_one() -> None:
    assert said(Settings()).startswith("Held: no usable sample")


def test_every_sentence_ends() -> None:
    assert said(Settings(), *quiet(3)).endswith(".")
