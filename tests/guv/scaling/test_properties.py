"""What holds for every history and every setting, searched by hypothesis."""

from dataclasses import replace
from itertools import pairwise
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from guv.scaling import Decision, Direction, Reason, Sample, Settings, decide
from guv.scaling.policies import POLICIES

NOW = 1_000_000.0

counts = st.none() | st.integers(0, 5000)
odd: list[object] = [None, True, "7", "", float("nan"), -3, 2.5, 10**400, {}, []]
garbage = st.sampled_from(odd) | st.floats() | st.integers()
times = st.floats(0.01, 5000)


@st.composite
def histories(draw: st.DrawFn, known: bool = False) -> list[Sample]:  # noqa: FBT001, FBT002 - a draw's option
    """Samples of plausible counts, some missing, at uneven instants up to now."""
    number = draw(st.integers(1, 40))
    gap = draw(st.sampled_from([5.0, 10.0, 30.0, 60.0]))
    field = st.integers(0, 5000) if known else counts
    dynos = st.integers(0, 50) if known else st.none() | st.integers(0, 50)
    published = served = 0
    samples = []
    for k in range(number - 1, -1, -1):
        published += draw(st.integers(0, 200))
        served += draw(st.integers(0, 200))
        ready, running, consumers = draw(field), draw(field), draw(counts)
        is_blind = draw(st.booleans()) and not known
        samples.append(
            Sample(
                NOW - k * gap,
                ready,
                running,
                None if is_blind else published,
                None if is_blind else served,
                consumers,
                draw(dynos),
            )
        )
    return samples


@st.composite
def roles(draw: st.DrawFn) -> Settings:
    """Settings that make sense."""
    least = draw(st.integers(0, 10))
    return Settings(
        minimum_dynos=least,
        maximum_dynos=least + draw(st.integers(0, 40)),
        target_deadline=draw(times),
        percentile=draw(st.floats(50, 99.99)),
        processing_time=draw(st.none() | times),
        processing_time_stddev=draw(st.none() | times),
        concurrency=draw(st.integers(1, 30)),
        boot_time=draw(st.none() | times),
        policy=draw(st.sampled_from(sorted(POLICIES))),
        step_up=draw(st.none() | st.integers(1, 5)),
        step_down=draw(st.none() | st.integers(1, 5)),
        cooldown_down=draw(st.none() | times),
        busy_protection=draw(st.sampled_from(["auto", "always", "never"])),
    )


@given(roles(), histories())
def test_desired_is_within_the_bounds(role: Settings, history: list[Sample]) -> None:
    decision = decide(role, history, NOW)
    if decision.desired is not None:
        assert role.minimum_dynos <= decision.desired <= role.maximum_dynos


@given(roles(), histories())
def test_the_trail_is_unbroken(role: Settings, history: list[Sample]) -> None:
    trail = decide(role, history, NOW).trail
    assert all(a.after == b.before for a, b in pairwise(trail))


@given(roles(), histories(), st.integers(0, 50))
def test_missing_counts_never_scale_down(role: Settings, history: list[Sample], dynos: int) -> None:
    role = replace(role, minimum_dynos=0, maximum_dynos=50)
    blind = [*history, Sample(NOW + 1, dynos=dynos)]
    assert decide(role, blind, NOW + 1).desired == dynos


@given(roles(), histories())
def test_the_same_input_gives_the_same_decision(role: Settings, history: list[Sample]) -> None:
    assert decide(role, history, NOW) == decide(role, list(history), NOW)


@given(roles(), histories(), st.randoms())
def test_the_order_of_the_samples_does_not_matter(
    role: Settings, history: list[Sample], chance: object
) -> None:
    mixed = list(history)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    assert decide(role, mixed, NOW).desired == decide(role, history, NOW).desired


@given(roles(), histories(), st.integers(0, 2000))
def test_seconds_may_be_counted_from_anywhere(
    role: Settings, history: list[Sample], days: int
) -> None:
    shift = 86_400.0 * days
    moved = [replace(sample, at=sample.at + shift) for sample in history]
    assert decide(role, moved, NOW + shift).desired == decide(role, history, NOW).desired


@given(
    st.lists(
        st.builds(Sample, garbage, garbage, garbage, garbage, garbage, garbage, garbage) | garbage,
        max_size=8,
    )
    | garbage,
    st.floats(),
)
def test_any_garbage_gives_a_decision(history: list[Sample], now: float) -> None:
    decision = decide(Settings(), history, now)
    assert isinstance(decision, Decision)
    assert decision.explanation


@given(st.lists(st.sampled_from([nan, inf, -inf, -1.0, 0.0, 1e300]), min_size=8, max_size=8))
def test_any_garbage_in_the_settings_gives_a_decision(odd: list[float]) -> None:
    role = Settings(
        target_deadline=odd[0],
        percentile=odd[1],
        processing_time=odd[2],
        processing_time_stddev=odd[3],
        boot_time=odd[4],
        interval=odd[5],
        history=odd[6],
        busy_protection_limit=odd[7],
    )
    history = [Sample(NOW - 10.0 * k, 30, 3, 900 - k, 860 - k, 3, 3) for k in range(20, -1, -1)]
    assert 1 <= (decide(role, history, NOW).desired or 0) <= 5


def fresh_backlog(ready: int, dynos: int) -> list[Sample]:
    """A quiet role to which messages came at once, just now."""
    quiet = [Sample(NOW - 10.0 * k, 0, 0, 0, 0, dynos, dynos) for k in range(30, 0, -1)]
    return [*quiet, Sample(NOW, ready, 0, ready, 0, dynos, dynos)]


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 20), st.sampled_from([40, 90, 300]))
def test_a_larger_fresh_backlog_never_needs_fewer_dynos(
    one: int, other: int, dynos: int, within: float
) -> None:
    role = Settings(0, 500, target_deadline=within, processing_time=10)
    few, many = (
        decide(role, fresh_backlog(ready, dynos), NOW).required or 0
        for ready in sorted((one, other))
    )
    assert few <= many


@given(st.integers(1, 50), st.sampled_from([1, 4, 20]), st.sampled_from([15, 60, 600]))
def test_a_backlog_never_starts_more_dynos_than_it_can_use(
    ready: int, concurrency: int, within: float
) -> None:
    role = Settings(0, 500, within, processing_time=10, concurrency=concurrency)
    history = fresh_backlog(ready, 0)[-1:]
    assert (decide(role, history, NOW).required or 0) <= -(-ready // concurrency)


@given(st.integers(0, 12), st.sampled_from(sorted(POLICIES)))
def test_at_rest_nothing_changes(dynos: int, policy: str) -> None:
    role = Settings(minimum_dynos=dynos, maximum_dynos=dynos, policy=policy)
    history = [Sample(NOW - 10.0 * k, 0, 0, 9, 9, dynos, dynos) for k in range(60, -1, -1)]
    assert decide(role, history, NOW).direction is Direction.HOLD


@given(histories(known=True), st.integers(0, 50))
def test_an_exact_count_is_met_exactly(history: list[Sample], dynos: int) -> None:
    role = Settings(minimum_dynos=dynos, maximum_dynos=dynos)
    assert decide(role, history, NOW).desired == dynos


@settings(max_examples=30)
@given(histories(known=True))
def test_no_gain_and_no_data_never_change_the_count(history: list[Sample]) -> None:
    decision = decide(Settings(0, 50), history, NOW)
    if decision.reason in {Reason.NO_GAIN, Reason.NO_DATA}:
        assert decision.desired == decision.current
