"""One at a time beside several at once: what is faster, what it costs, and no figures of what was never answered."""

import pytest

from support.errors import InvalidRequest, ServerError
from support.gateway.batching import measure
from support.gateway.caching_benchmark import percentile
from support.gateway.clock import WallClock
from tests.gateway.batch_asks import Counterpart, refused, requests

pytestmark = pytest.mark.anyio

BROKEN = refused(ServerError, 500)


async def test_several_at_once_are_faster_and_cost_the_same() -> None:
    side = Counterpart(waits={f"r{number}": 0.05 for number in range(12)})
    told = await measure(side.ask, requests(12), clock=WallClock(), concurrency=4)
    one, many = told.sequential, told.concurrent
    assert (one.n, many.n, side.peak, len(side.asked)) == (12, 12, 4, 24)
    assert one.wall_seconds > 0.6 > 0.15 <= many.wall_seconds
    assert told.speedup is not None
    assert told.speedup > 2.5
    assert one.figures is not None
    assert many.figures is not None
    assert one.figures.cost_usd == many.figures.cost_usd
    assert one.figures.input_tokens == many.figures.input_tokens == 1200
    assert one.figures.tokens_per_second == pytest.approx(1320 / one.wall_seconds)
    assert 0.05 <= one.figures.p50_seconds <= one.figures.p95_seconds < one.wall_seconds
    assert f"Speed-up: {told.speedup:.2f} times." in told.text()
    assert "sequential (1 at a time): n 12, wall 0." in told.text()


async def test_what_fails_is_no_throughput() -> None:
    waits = {f"r{number}": 0.02 for number in range(4)} | {"r2": 0.0}
    side = Counterpart(failures={"r2": BROKEN}, waits=waits)
    told = await measure(side.ask, requests(4), clock=WallClock(), concurrency=2)
    for arm in (told.sequential, told.concurrent):
        assert (arm.n, arm.failures) == (3, ("r2: server_error: it said 500",))
        assert arm.figures is not None
        assert arm.figures.p50_seconds >= 0.02
        assert arm.figures.input_tokens == 300
        assert arm.figures.tokens_per_second == pytest.approx(330 / arm.wall_seconds)
    assert told.speedup is None
    assert "n 3, 1 failed" in told.text()


async def test_an_arm_in_which_nothing_was_answered_has_no_figures() -> None:
    side = Counterpart(failures={f"r{number}": BROKEN for number in range(3)})
    told = await measure(side.ask, requests(3), clock=WallClock(), concurrency=3)
    assert [(arm.n, arm.figures, len(arm.failures)) for arm in (told.sequential, told.concurrent)] == [(0, None, 3)] * 2
    assert told.speedup is None
    assert told.text().splitlines() == [
        "sequential (1 at a time): failed, nothing was answered, 3 failed.",
        "concurrent (3 at a time): failed, nothing was answered, 3 failed.",
        "No speed-up can be told.",
    ]


async def test_one_at_a_time_is_not_compared_with_itself() -> None:
    with pytest.raises(InvalidRequest, match="concurrency: must be 2 or more"):
        await measure(Counterpart().ask, requests(3), clock=WallClock(), concurrency=1)


def test_the_percentile_is_the_one_of_the_caching_comparison() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
