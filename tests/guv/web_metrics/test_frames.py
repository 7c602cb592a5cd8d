"""Frames of a log drain: joined, split, and refused where they are incomplete."""

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from guv.web_metrics.log_lines import BadFrames, join_frames, split_frames

LINES = st.lists(st.binary(min_size=1, max_size=200), max_size=20)


@given(LINES)
def test_joined_frames_are_split_into_the_same_lines(lines: list[bytes]) -> None:
    assert split_frames(join_frames(lines)) == lines


@given(st.one_of(LINES.map(join_frames), st.binary(max_size=300)))
def test_accepted_bytes_are_whole_frames(body: bytes) -> None:
    try:
        lines = split_frames(body)
    except BadFrames:
        reject()
    assert join_frames(lines) == body


@given(LINES.filter(bool), st.data())
def test_a_truncated_body_is_refused_unless_cut_between_frames(
    lines: list[bytes], data: st.DataObject
) -> None:
    ends = [len(join_frames(lines[:count])) for count in range(len(lines))]
    body = join_frames(lines)
    cut = data.draw(st.one_of(st.sampled_from(ends), st.integers(0, len(body) - 1)))
    if cut in ends:
        assert split_frames(body[:cut]) == lines[: ends.index(cut)]
    else:
        with pytest.raises(BadFrames):
            split_frames(body[:cut])


def test_frame_lengths_count_bytes_and_lines_may_hold_newlines() -> None:
    line = "é\n".encode()
    assert split_frames(b"3 " + line + b"1 x") == [line, b"x"]


@pytest.mark.parametrize(
    "body", [b"x", b" 3 abc", b"4 abc", b"-1 a", b"03 abc", b"0 ", b"99999999 a", b"3abc", b"3"]
)
def test_an_invalid_frame_length_is_refused_with_its_line(body: bytes) -> None:
    with pytest.raises(BadFrames, match="line 1"):
        split_frames(body)


def test_a_refusal_of_frames_does_not_show_the_body() -> None:
    with pytest.raises(BadFrames) as refusal:
        split_frames(b"3 abcsecret-marker")
    assert "secret" not in str(refusal.value)
    assert "line 2" in str(refusal.value)
