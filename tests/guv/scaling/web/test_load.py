import random
from heapq import heapify, heappop, heappush
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.scaling.model import WebReading
from guv.scaling.web.load import is_sound, response_at, service_from

SERVICE = st.floats(0.001, 10.0)
USED = st.floats(0.01, 0.99)
SLOTS = st.integers(1, 50)


@given(SERVICE, USED, SLOTS)
def test_the_service_time_is_found_again_in_the_response(
    service: float, used: float, slots: int
) -> None:
    load = used * slots / service
    assert service_from(response_at(service, load, slots), load, slots) == pytest.approx(
        service, rel=1e-3
    )


@given(SERVICE, USED, SLOTS)
def test_more_load_is_never_faster_and_more_slots_never_slower(
    service: float, used: float, slots: int
) -> None:
    load = used * slots / service
    response = response_at(service, load, slots)
    assert response >= response_at(service, load / 2, slots) >= service
    assert response >= response_at(service, load, slots + 1)


def test_one_slot_is_the_textbooks_queue() -> None:
    assert response_at(1.0, 0.5, 1) == pytest.approx(2.0)
    assert response_at(1.0, 1.0, 1) == inf
    assert service_from(2.0, 0.5, 1) == pytest.approx(1.0)


def test_without_load_the_response_is_the_service() -> None:
    assert service_from(0.3, 0.0, 4) == 0.3


def simulated(load: float, slots: int, requests: int = 20_000) -> float:
    """Mean response of so many requests of a second each, one after the other in the queue."""
    rng, at, total = random.Random(7), 0.0, 0.0
    free = [0.0] * slots
    heapify(free)
    for _ in range(requests):
        at += rng.expovariate(load)
        end = max(at, heappop(free)) + rng.expovariate(1.0)
        heappush(free, end)
        total += end - at
    return total / requests


@pytest.mark.parametrize(("used", "slots"), [(0.5, 1), (0.8, 1), (0.7, 5), (0.9, 5)])
def test_the_closed_form_is_near_a_simulated_dyno(used: float, slots: int) -> None:
    assert response_at(1.0, used * slots, slots) == pytest.approx(
        simulated(used * slots, slots), rel=0.12
    )


@pytest.mark.parametrize(
    "reading",
    [
        None,
        "x",
        WebReading(0.0, 5),
        WebReading(10.0, -1),
        WebReading(10.0, 5, p95=nan),
        WebReading(10.0, 5, mean=inf),
        WebReading(10.0, 5, mean=10**400),
        WebReading(1e-300, 5),
        WebReading(None, 5),  # type: ignore[arg-type]
        WebReading(10.0, None),  # type: ignore[arg-type]
        WebReading(10.0, 5, mean="x"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_no_reading(reading: object) -> None:
    assert not is_sound(reading)


def test_littles_law_counts_the_requests_at_the_same_time() -> None:
    assert WebReading(10.0, 200, mean=0.25).busy == pytest.approx(5.0)
    assert WebReading(10.0, 0).busy == 0.0
    assert WebReading(10.0, 5).busy is None
