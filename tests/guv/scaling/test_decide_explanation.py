"""Each decision is a sentence that a person understands."""

import pytest

from guv.scaling import Sample, Settings, decide

NOW = 900.0


def said(settings: Settings, *samples: Sample) -> str:
    return decide(settings, samples, NOW).explanation


def quiet(dynos: int, running: int = 0) -> list[Sample]:
    return [Sample(NOW - 10.0 * k, 0, running, 50, 50, dynos, dynos) for k in range(30, -1, -1)]


def test_a_hold_says_the_work_first_and_then_why_nothing_changes() -> None:
    sample = Sample(NOW, 240, 2, 900, 658, 2, 2)
    text = said(Settings(maximum_dynos=9, target_deadline=300, processing_time=1), sample)
    assert text == (
        "240 jobs waiting, the last would finish in 121 s (deadline 300 s). "
        "Keeping 2 dynos: the history is too short to scale down."
    )


def test_a_change_at_the_maximum_says_by_how_much_the_last_job_would_be_late() -> None:
    sample = Sample(NOW, 240, 2, 900, 658, 1, 1)
    text = said(Settings(maximum_dynos=2, target_deadline=60, processing_time=1), sample)
    assert text == (
        "Scaling from 1 to 2 dynos (your maximum): 241 jobs waiting, the last would finish 76 s"
        " late (deadline 60 s)."
    )


@pytest.mark.parametrize(
    ("deadline", "processing_time", "text"),
    [
        (1.5, 0.1, "the last would finish in 0.2 s (deadline 1.5 s)"),
        (0.4, 0.3, "the last would finish 0.2 s late"),
        (20.25, 10.2, "the last would finish 0.15 s late"),
        (2592000, 1.0, "the last would finish in 2 s (deadline 2592000 s)"),
    ],
)
def test_rounded_seconds_stay_on_their_side_of_the_deadline(
    deadline: float, processing_time: float, text: str
) -> None:
    settings = Settings(maximum_dynos=1, target_deadline=deadline, processing_time=processing_time)
    assert text in said(settings, Sample(NOW, 1, 1, 9, 7, 1, 1))


def test_a_change_for_the_deadline_needs_no_other_reason() -> None:
    text = said(Settings(processing_time=900), Sample(NOW, 1, 0, 9, 7, 0, 0))
    assert text == (
        "Scaling from 0 to 1 dyno: 1 job waiting, the last would finish 870 s late (deadline 60 s)."
    )


def test_jobs_that_have_waited_too_long_are_no_late_end() -> None:
    settings = Settings(maximum_dynos=1, target_deadline=15, processing_time=5)
    stuck = [Sample(NOW - 10.0 * k, 1, 1, 50, 48, 1, 1) for k in range(5, -1, -1)]
    text = said(settings, *stuck)
    assert "in 10 s, but some have waited too long for the 15 s deadline" in text


def test_a_job_without_any_dyno_is_not_served_yet() -> None:
    nothing = Settings(minimum_dynos=0, maximum_dynos=0)
    assert "no dyno serves it yet" in said(nothing, Sample(NOW, 1, 0, 9, 7, 0, 0))


def test_an_empty_queue_is_called_empty() -> None:
    assert said(Settings(), *quiet(1)).startswith("Queue empty. Keeping 1 dyno")


def test_an_empty_queue_with_running_jobs_counts_them() -> None:
    text = said(Settings(processing_time=900), *quiet(3, 3))
    assert text.startswith("Queue empty, 3 jobs running. Keeping 3 dynos: ")


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        (Sample(NOW, dynos=4), "Keeping 4 dynos: the number of messages is unknown."),
        (Sample(NOW - 500, 1, 1, dynos=4), "Keeping 4 dynos: the last sample is 500 s old."),
        (Sample(NOW, 1, 1), "Not scaling: the number of dynos is unknown."),
        (
            Sample(NOW),
            "Not scaling: the number of messages is unknown, and the number of dynos is unknown",
        ),
    ],
)
def test_a_decision_without_data_says_what_is_missing(sample: Sample, text: str) -> None:
    assert said(Settings(), sample).startswith(text)


def test_an_empty_history_is_named_as_the_reason() -> None:
    assert said(Settings()).startswith("Not scaling: no usable sample")


def test_every_explanation_ends_with_a_period() -> None:
    assert said(Settings(), *quiet(3)).endswith(".")
