"""Steps of the machine's clock while roles tick."""

from collections.abc import Callable

from tests.worker.world import World

MakeWorld = Callable[..., World]
HOUR = 3600.0


def test_a_clock_set_back_an_hour_scales_nobody_wrongly(world: MakeWorld) -> None:
    here = world(maximum_dynos=9, processing_time=10.0, target_deadline=120.0)
    here.publish(60)
    before = here.ticks(60)[-1].decision.desired
    back = here.tick(after=-HOUR)
    after = here.ticks(60)

    assert before == 9
    assert {result.decision.desired for result in [back, *after]} == {9}
    assert len(here.decisions()) == 6 + 1 + 6


def test_a_clock_set_ahead_an_hour_scales_nobody_wrongly(world: MakeWorld) -> None:
    here = world(maximum_dynos=9, processing_time=10.0, target_deadline=120.0)
    here.publish(60)
    here.ticks(60)
    ahead = here.tick(after=HOUR)
    back = here.tick(after=10 - HOUR)

    assert ahead.decision.desired == back.decision.desired == 9
    assert here.dynos() == 9
