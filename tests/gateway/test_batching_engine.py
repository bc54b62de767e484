"""The caller's batch: order, bounds, failures, timeouts, cancellation, callbacks, and the sums, with asks that are functions."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import (
    BudgetExceeded,
    InvalidRequest,
    RateLimited,
    RequestTimeout,
    ServerError,
    TouchstoneError,
    Unsupported,
)
from support.gateway.batching import BatchFailed, BatchOutcome, Callbacks, CallerBatch
from support.gateway.batching.questions import Ask, Reply
from support.gateway.call import ChokePoint, Operation
from support.gateway.clock import Clock, WallClock
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.retry import Repeat
from support.ledger import price
from support.values import BatchItem, BatchProgress, BatchRequest, ChatAnswer, Embeddings, Money, Provider, Usage
from tests.gateway.batch_asks import (
    MODEL,
    Counterpart,
    Hand,
    SlowHand,
    answer,
    jumping,
    refused,
    request,
    requests,
    until,
)
from tests.gateway.conftest import FakePurse, FakeRegister

pytestmark = pytest.mark.anyio

ONE = price(Provider.OPENAI, MODEL, Usage(uncached_input_tokens=100, output_tokens=10))
assert ONE is not None
BROKE = BudgetExceeded("too much", cap="run", limit=Decimal(1), committed=Decimal(1), asked=Decimal(1))


def run_of(counterpart: Counterpart, count: int = 5, **options: Any) -> CallerBatch:
    return CallerBatch(counterpart.ask, requests(count), **{"clock": WallClock(), **options})


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


def statuses(outcome: BatchOutcome) -> list[str]:
    return [item.status for item in outcome.items]


# Order and bounds -----------------------------------------------------------------------------------------------------


async def test_one_at_a_time_in_the_order_given() -> None:
    side = Counterpart()
    outcome = await run_of(side).outcome()
    assert (side.peak, side.asked) == (1, ["r0", "r1", "r2", "r3", "r4"])
    assert ids(outcome.items) == side.asked
    assert [item.answer.text for item in outcome.items if item.answer] == [f"answer to r{n}" for n in range(5)]
    assert {item.kind for item in outcome.items} == {"caller"}


async def test_several_at_once_come_back_in_the_order_given() -> None:
    side = Counterpart(waits={f"r{number}": 0.05 - 0.006 * number for number in range(8)})
    outcome = await run_of(side, 8, concurrency=4).outcome()
    assert side.peak == 4
    assert side.answered[:4] == ["r3", "r2", "r1", "r0"]
    assert ids(outcome.items) == [f"r{number}" for number in range(8)]
    assert all(item.answer and item.answer.text == f"answer to {item.id}" for item in outcome.items)


@given(
    waits=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    concurrency=st.integers(1, 6),
    ordered=st.booleans(),
    failing=st.sets(st.integers(0, 11)),
    listed=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_every_request_once_never_too_many_at_once(
    waits: list[int], concurrency: int, ordered: bool, failing: set[int], listed: bool
) -> None:
    side = Counterpart(
        failures={f"r{number}": refused(ServerError, 500) for number in failing},
    )
    turns = {f"r{number}": turns for number, turns in enumerate(waits)}

    async def ask(asked: BatchRequest) -> ChatAnswer:
        for _ in range(turns[asked.id]):
            await asyncio.sleep(0)
        return await side.ask(asked)

    async def scene() -> tuple[list[BatchItem], BatchOutcome]:
        given_ = requests(len(waits))
        run = CallerBatch(
            ask, given_ if listed else iter(given_), clock=WallClock(), concurrency=concurrency, ordered=ordered
        )
        items = [item async for item in run]
        return items, await run.outcome()

    items, outcome = asyncio.run(scene())
    expected = [f"r{number}" for number in range(len(waits))]
    assert ids(outcome.items) == expected
    assert (ids(items) if ordered else sorted(ids(items), key=expected.index)) == expected
    assert side.peak <= concurrency
    assert sorted(side.asked, key=expected.index) == expected
    failed = {f"r{number}" for number in failing} & set(expected)
    assert {item.id for item in outcome.items if item.status == "failed"} == failed
    assert sum(outcome.counts.values()) == len(expected)
    assert outcome.success_rate == pytest.approx(1 - len(failed) / len(expected))


async def test_as_they_come() -> None:
    side = Counterpart(waits={"r0": 0.05})
    run = run_of(side, 3, concurrency=3, ordered=False)
    assert [item.id async for item in run] == ["r1", "r2", "r0"]
    assert ids((await run.outcome()).items) == ["r0", "r1", "r2"]


async def test_an_iterator_is_read_no_further_than_is_in_flight() -> None:
    side = Counterpart(waits={f"r{number}": 0.01 for number in range(12)})
    ahead: list[int] = []

    def given_() -> Iterator[BatchRequest]:
        for number, one in enumerate(requests(12)):
            ahead.append(number + 1 - len(side.answered))
            yield one

    outcome = await CallerBatch(side.ask, given_(), clock=WallClock(), concurrency=3).outcome()
    assert len(outcome.succeeded) == 12
    assert max(ahead) <= 3


async def test_who_reads_slowly_holds_the_rest_back() -> None:
    side = Counterpart()
    run = run_of(side, 50, concurrency=2)
    items = run.__aiter__()
    first = await anext(items)  # type: ignore[arg-type]
    await asyncio.sleep(0.03)
    assert first.id == "r0"
    assert len(side.asked) <= 6
    assert len([first, *[item async for item in items]]) == 50


async def test_leaving_early_cancels() -> None:
    side = Counterpart(waits={f"r{number}": 0.01 for number in range(20)})
    run = run_of(side, 20, concurrency=2)
    items: Any = run.__aiter__()
    await anext(items)
    await items.aclose()
    outcome = await run.outcome()
    assert (outcome.ending, len(outcome.items)) == ("cancelled", 20)
    assert side.now_open == 0
    with pytest.raises(RuntimeError, match="used once"):
        await anext(run.__aiter__())  # type: ignore[arg-type]


# Sums and failures ----------------------------------------------------------------------------------------------------


async def test_cost_and_usage_are_sums() -> None:
    outcome = await run_of(Counterpart(failures={"r2": refused(ServerError, 500)})).outcome()
    assert [item.cost_usd for item in outcome.items] == [ONE, ONE, 0, ONE, ONE]
    assert outcome.cost_usd == 4 * ONE
    assert outcome.usage == Usage(uncached_input_tokens=400, output_tokens=40)


async def test_a_cost_that_is_not_known_is_not_zero() -> None:
    run = CallerBatch(Counterpart().ask, [request("a", "no-such-model"), request("b")], clock=WallClock())
    outcome = await run.outcome()
    assert [item.cost_usd for item in outcome.items] == [None, ONE]
    assert outcome.cost_usd is None
    assert "Cost: not known." in outcome.summary()


async def test_errors_are_grouped_and_none_is_counted_twice() -> None:
    failures = {
        "r1": refused(InvalidRequest, 400),
        "r3": refused(RateLimited, 429, sent=4),
        "r4": refused(RequestTimeout, None),
        "r8": refused(InvalidRequest, 400),
    }
    outcome = await run_of(Counterpart(failures=failures), 10, concurrency=3).outcome()
    assert outcome.by_kind == {"invalid_request": 2, "rate_limited": 1, "timeout": 1}
    assert outcome.success_rate == 0.6
    assert [(error.id, error.kind, error.status, error.attempts) for error in outcome.errors] == [
        ("r1", "invalid_request", 400, 1),
        ("r3", "rate_limited", 429, 4),
        ("r4", "timeout", None, 1),
        ("r8", "invalid_request", 400, 1),
    ]
    assert outcome.counts == {
        "succeeded": 6,
        "failed": 3,
        "cancelled": 0,
        "expired": 0,
        "timeout": 1,
        "not_started": 0,
    }
    text = outcome.summary()
    assert all(f"{id}: " in text for id in failures)
    assert "r0" not in text
    with pytest.raises(BatchFailed) as caught:
        outcome.raise_on_error()
    assert (len(caught.value.failures), len(caught.value.results)) == (4, 6)
    assert caught.value.kind == "job_failed"
    assert len(repr(outcome)) < 300


async def test_what_all_succeeded_raises_nothing() -> None:
    outcome = await run_of(Counterpart()).outcome()
    outcome.raise_on_error()
    assert (outcome.by_kind, outcome.unfinished, outcome.item("r3").attempts) == ({}, (), 1)
    with pytest.raises(LookupError, match="r9"):
        outcome.item("r9")


async def test_a_local_refusal_sent_nothing() -> None:
    failures = {"r0": Unsupported("no such thing"), "r1": refused(ServerError, None, sent=0)}
    outcome = await run_of(Counterpart(failures=failures), 3).outcome()
    assert [item.attempts for item in outcome.items] == [0, 1, 1]


async def test_vectors_are_items_too() -> None:
    async def ask(asked: BatchRequest) -> Embeddings:
        return Embeddings(
            provider=Provider.OPENAI,
            model=asked.model,
            vectors=((0.6, 0.8),),
            usage=Usage(uncached_input_tokens=1000),
            raw={},
        )

    asked = [BatchRequest(id="t", text="words", model="text-embedding-3-small")]
    item = (await CallerBatch(ask, asked, clock=WallClock()).outcome()).items[0]
    assert (item.vector, item.answer, item.cost_usd) == ((0.6, 0.8), None, Decimal("0.00002"))


async def test_an_error_of_ours_ends_the_run_and_loses_nothing() -> None:
    side = Counterpart(failures={"r2": KeyError("ours")}, waits={"r3": 5})
    run = run_of(side, 6, concurrency=2)
    with pytest.raises(KeyError, match="ours"):
        await run.outcome()
    assert ids(run.partial()) == ["r0", "r1"]
    assert side.now_open == 0
    with pytest.raises(KeyError):
        await run.outcome()
    again = run_of(Counterpart(failures={"r2": KeyError("ours")}), 6)
    with pytest.raises(KeyError):
        _ = [item async for item in again]


# The budget -----------------------------------------------------------------------------------------------------------


async def test_a_used_up_budget_keeps_what_is_finished_and_begins_nothing() -> None:
    side = Counterpart(failures={"r3": BROKE}, waits={"r2": 0.02})
    outcome = await run_of(side, 8, concurrency=2).outcome()
    assert statuses(outcome) == ["succeeded"] * 3 + ["not_started"] * 5
    assert [item.attempts for item in outcome.items] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert (outcome.ending, outcome.reason, outcome.errors) == ("budget", BROKE, ())
    assert side.asked == ["r0", "r1", "r2", "r3"]
    assert "Ended early: budget (too much)." in outcome.summary()
    with pytest.raises(BatchFailed) as caught:
        outcome.raise_on_error()
    assert len(caught.value.unfinished) == 5


# Time -----------------------------------------------------------------------------------------------------------------


async def test_one_that_stalls_times_out_alone() -> None:
    side = Counterpart(waits={"r1": 30})
    loop = asyncio.get_running_loop()
    began = loop.time()
    outcome = await run_of(side, concurrency=2, item_timeout=timedelta(seconds=0.2)).outcome()
    assert 0.2 <= loop.time() - began < 0.7
    assert statuses(outcome) == ["succeeded", "timeout", "succeeded", "succeeded", "succeeded"]
    assert outcome.by_kind == {"timeout": 1}
    assert (outcome.items[1].attempts, outcome.items[1].cost_usd) == (1, 0)


async def test_a_time_out_of_the_asks_own_is_not_taken_for_ours() -> None:
    run = run_of(Counterpart(failures={"r0": TimeoutError("theirs")}), item_timeout=timedelta(seconds=5))
    with pytest.raises(TimeoutError, match="theirs"):
        await run.outcome()


@pytest.mark.parametrize("kind", [RateLimited, ServerError])
async def test_a_deadline_on_the_targets_clock_keeps_what_is_finished(kind: type[TouchstoneError]) -> None:
    """The fourth is to be sent again after the deadline; the rest waits for it, or hangs."""
    hand = SlowHand()
    side = Counterpart(waits={"r4": 60})
    clock = jumping(hand, side)
    later = kind("later", status=503, retry_after=1000)
    repeating = Repeating(clock, {"r3": [later]}, ask=side.ask).on(hand)
    run = CallerBatch(
        repeating.ask, requests(6), clock=clock, concurrency=1, deadline=timedelta(seconds=3), item_timeout=timedelta(1)
    )
    outcome = await run.outcome()
    assert hand.passed == 3
    assert statuses(outcome) == ["succeeded"] * 3 + ["timeout"] * 3
    assert [item.attempts for item in outcome.items] == [1, 1, 1, 1, 0, 0]
    assert (outcome.ending, outcome.by_kind) == ("deadline", {"timeout": 3})
    assert [id for id, _ in repeating.sent] == ["r0", "r1", "r2", "r3"]


async def test_a_repetition_before_the_deadline_is_waited_for() -> None:
    hand = SlowHand()
    side = Counterpart()
    clock = jumping(hand, side)
    repeating = Repeating(clock, {"r1": [busy(2)]}, ask=side.ask).on(hand)
    outcome = await CallerBatch(repeating.ask, requests(3), clock=clock, deadline=timedelta(seconds=3)).outcome()
    assert (outcome.ending, hand.passed, outcome.items[1].attempts) == (None, 2, 2)


async def test_a_deadline_is_seen_though_requests_never_cease() -> None:
    """Answers move a simulated clock, and while one is in flight after the other nobody wakes a sleeper."""
    hand, side = Hand(), Counterpart()

    async def ask(asked: BatchRequest) -> ChatAnswer:
        reply = await side.ask(asked)
        hand.shown += timedelta(seconds=1)
        return reply

    clock = jumping(hand, side)
    outcome = await CallerBatch(ask, requests(9), clock=clock, deadline=timedelta(seconds=3)).outcome()
    assert statuses(outcome) == ["succeeded"] * 3 + ["timeout"] * 6


async def test_a_deadline_ends_what_hangs_while_the_clock_stands_still() -> None:
    side = Counterpart(waits={"r1": 60})
    outcome = await run_of(side, 3, clock=jumping(Hand(), side), deadline=timedelta(seconds=0.2)).outcome()
    assert statuses(outcome) == ["succeeded", "timeout", "timeout"]


async def test_a_deadline_that_is_kept_is_no_matter() -> None:
    hand = Hand()
    outcome = await run_of(Counterpart(), clock=jumping(hand), deadline=timedelta(hours=1)).outcome()
    assert (outcome.ending, len(outcome.succeeded), hand.passed) == (None, 5, 0)


async def test_a_clock_that_breaks_ends_the_run() -> None:
    hand = Hand(broken=ConnectionError("gone"))
    clock = jumping(hand)
    repeating = Repeating(clock, {"r1": [busy(5)]})
    run = CallerBatch(repeating.ask, requests(3), clock=clock, deadline=timedelta(seconds=3))
    with pytest.raises(ConnectionError, match="gone"):
        await run.outcome()
    assert ids(run.partial()) == ["r0"]


# Cancelling -----------------------------------------------------------------------------------------------------------


async def test_cancelling_keeps_what_is_done_and_begins_nothing() -> None:
    side = Counterpart(waits={f"r{number}": 30 for number in range(4, 10)})
    seen: list[str] = []
    callbacks = Callbacks(on_result=lambda item: seen.append(item.id), on_complete=lambda _: seen.append("complete"))
    run = run_of(side, 10, concurrency=2, callbacks=callbacks)
    working = asyncio.ensure_future(run.outcome())
    await until(lambda: len(run.partial()) == 4 and side.now_open == 2)
    run.cancel()
    outcome = await working
    assert statuses(outcome) == ["succeeded"] * 4 + ["cancelled"] * 2 + ["not_started"] * 4
    assert [item.attempts for item in outcome.items] == [1] * 6 + [0] * 4
    assert side.asked == [f"r{number}" for number in range(6)]
    assert seen == ["r0", "r1", "r2", "r3"]
    assert ids(run.partial()) == ["r0", "r1", "r2", "r3"]
    assert outcome.cost_usd == 4 * ONE
    run.cancel()
    assert await run.outcome() is outcome


async def test_a_callback_can_cancel() -> None:
    side = Counterpart()
    seen: list[str] = []

    def on_result(item: BatchItem) -> None:
        seen.append(item.id)
        if item.id == "r1":
            run.cancel()

    callbacks = Callbacks(
        on_result=on_result,
        on_progress=lambda progress: seen.append(progress.status),
        on_complete=lambda _: seen.append("complete"),
    )
    run = run_of(side, 6, callbacks=callbacks)
    outcome = await run.outcome()
    assert side.asked == ["r0", "r1"]
    assert seen == ["r0", "in_progress", "r1"]
    assert statuses(outcome) == ["succeeded"] * 2 + ["not_started"] * 4


async def test_a_caller_who_is_interrupted_leaves_nothing_running() -> None:
    side = Counterpart(waits={"r2": 30, "r3": 30})
    run = run_of(side, 6, concurrency=2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run.outcome(), 0.1)
    assert side.now_open == 0
    assert statuses(await run.outcome()) == ["succeeded"] * 2 + ["cancelled"] * 2 + ["not_started"] * 2


async def test_cancelled_before_it_began() -> None:
    side = Counterpart()
    run = run_of(side, 3)
    run.cancel()
    assert statuses(await run.outcome()) == ["not_started"] * 3
    assert side.asked == []


async def test_partial_has_finished_ones_only() -> None:
    side = Counterpart(waits={"r2": 30}, failures={"r1": refused(ServerError, 500)})
    run = run_of(side, 4)
    assert run.partial() == ()
    working = asyncio.ensure_future(run.outcome())
    await until(lambda: side.now_open == 1 and len(side.asked) == 3)
    assert [(item.id, item.status) for item in run.partial()] == [("r0", "succeeded"), ("r1", "failed")]
    run.cancel()
    await working


# Callbacks ------------------------------------------------------------------------------------------------------------


class Heard:
    """Notes all calls in their order."""

    def __init__(self, breaks: str | None = None) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.breaks = breaks

    def _on(self, name: str) -> Callable[[Any], None]:
        def heard(told: Any) -> None:
            self.calls.append((name, told))
            if name == self.breaks:
                raise ValueError(f"{name} broke")

        return heard

    @property
    def callbacks(self) -> Callbacks:
        return Callbacks(*(self._on(name) for name in ("on_result", "on_error", "on_progress", "on_complete")))

    def told(self, name: str) -> list[Any]:
        return [told for called, told in self.calls if called == name]


@pytest.mark.parametrize("listed", [True, False])
async def test_each_callback_once_and_the_end_last(listed: bool) -> None:
    heard = Heard()
    side = Counterpart(failures={"r1": refused(ServerError, 500, sent=3)})
    asked = requests(5)
    run = CallerBatch(
        side.ask, asked if listed else iter(asked), clock=WallClock(), concurrency=2, callbacks=heard.callbacks
    )
    outcome = await run.outcome()
    assert sorted(ids(heard.told("on_result"))) == ["r0", "r2", "r3", "r4"]
    assert ids(heard.told("on_error")) == ["r1"]
    progress: list[BatchProgress] = heard.told("on_progress")
    assert [(one.done, one.total) for one in progress] == [(done, 5 if listed else None) for done in range(1, 6)] + [
        (5, 5)
    ]
    assert [one.fraction == 1 for one in progress] == [False] * 5 + [True]
    assert heard.calls[-1] == ("on_complete", outcome)


@pytest.mark.parametrize("name", ["on_result", "on_error", "on_progress", "on_complete"])
async def test_a_callback_that_raises_loses_nothing(name: str) -> None:
    heard = Heard(breaks=name)
    side = Counterpart(failures={"r1": refused(ServerError, 500)})
    outcome = await run_of(side, 3, callbacks=heard.callbacks).outcome()
    assert statuses(outcome) == ["succeeded", "failed", "succeeded"]
    broken = [failure for failure in outcome.callback_failures if failure.callback == name]
    assert len(broken) == len(outcome.callback_failures) == len(heard.told(name)) > 0
    assert outcome.summary().count(f"{name} broke") == len(broken)
    assert heard.calls[-1][0] == "on_complete"


async def test_a_deadline_is_told_of_each() -> None:
    heard = Heard()
    side = Counterpart(waits={"r1": 60})
    deadline = timedelta(seconds=0.1)
    await run_of(side, 3, clock=jumping(Hand(), side), deadline=deadline, callbacks=heard.callbacks).outcome()
    assert ids(heard.told("on_error")) == ["r1", "r2"]
    assert heard.told("on_progress")[-1] == BatchProgress(status="expired", done=3, total=3)


async def test_what_never_began_is_no_error() -> None:
    heard = Heard()
    await run_of(Counterpart(failures={"r1": BROKE}), 4, callbacks=heard.callbacks).outcome()
    assert (ids(heard.told("on_result")), heard.told("on_error")) == (["r0"], [])
    assert heard.told("on_progress")[-1] == BatchProgress(status="failed", done=1, total=4)
    assert heard.calls[-1][0] == "on_complete"


# What cannot be right -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "options", "field", "words"),
    [
        ([], {}, "requests", "is empty"),
        ([request("a"), request("b"), request("a")], {}, "id", "'a'"),
        ([request("")], {}, "id", "empty"),
        ([request("  ")], {}, "id", "empty"),
        ([request("x" * 65)], {}, "id", "65"),
        ([request("a")], {"concurrency": 0}, "concurrency", "not 0"),
        ([request("a")], {"concurrency": -2}, "concurrency", "not -2"),
        ([request("a")], {"deadline": timedelta(0)}, "deadline", "longer than zero"),
        ([request("a")], {"item_timeout": timedelta(0)}, "item_timeout", "longer than zero"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    given_: list[BatchRequest], options: dict[str, Any], field: str, words: str
) -> None:
    side = Counterpart()
    with pytest.raises(InvalidRequest, match=words) as caught:
        CallerBatch(side.ask, given_, **{"clock": WallClock(), **options})
    assert (caught.value.param, caught.value.status, side.asked) == (field, None, [])


async def test_an_id_of_64_characters_is_taken() -> None:
    outcome = await CallerBatch(Counterpart().ask, [request("x" * 64)], clock=WallClock()).outcome()
    assert len(outcome.succeeded) == 1


async def test_an_iterator_is_checked_as_it_is_read() -> None:
    side = Counterpart()
    with pytest.raises(InvalidRequest, match="is empty"):
        await CallerBatch(side.ask, iter(()), clock=WallClock(), concurrency=3).outcome()
    run = CallerBatch(side.ask, iter([request("a"), request("b"), request("a")]), clock=WallClock())
    with pytest.raises(InvalidRequest, match="'a'"):
        await run.outcome()
    assert (ids(run.partial()), side.asked) == (["a", "b"], ["a", "b"])


# Together with the choke point ----------------------------------------------------------------------------------------


class Repeating:
    """An ask that goes through a real choke point, which repeats on the clock what failed."""

    def __init__(
        self, clock: Clock, script: dict[str, list[TouchstoneError]], *, attempts: int = 3, ask: Ask | None = None
    ) -> None:
        self._ask = ask
        self.sent: list[tuple[str, float]] = []
        self._script = script
        self._hand: Hand | None = None
        account = Account(run_id="tests", scenario="a test", area="batch", row="BP-00", money=Money.SIMULATED)
        self._choke = ChokePoint(
            account=account,
            clock=clock,
            purse=FakePurse(),
            register=FakeRegister(),
            wire=Wire(),
            listeners=[],
            attempts=attempts,
        )

    def on(self, hand: Hand) -> "Repeating":
        self._hand = hand
        return self

    async def ask(self, asked: BatchRequest) -> Reply:
        async def send() -> Reply:
            self.sent.append((asked.id, self._hand.passed if self._hand else 0))
            await asyncio.sleep(0)
            if self._script.get(asked.id):
                raise self._script[asked.id].pop(0)
            return answer(asked) if self._ask is None else await self._ask(asked)

        operation = Operation(Provider.OPENAI, "chat.create", Repeat.IF_REFUSED, model=asked.model)
        return await self._choke.call(operation, send, lambda error: TouchstoneError(str(error)))


def busy(seconds: float) -> RateLimited:
    return RateLimited("slow down", status=429, retry_after=seconds)


async def test_attempts_are_on_the_item_and_the_others_wait_with_it() -> None:
    hand = Hand()
    clock = jumping(hand)
    asking = Repeating(clock, {"r0": [busy(3), busy(3)]}).on(hand)
    outcome = await CallerBatch(asking.ask, requests(4), clock=clock, concurrency=2).outcome()
    assert [item.attempts for item in outcome.items] == [3, 1, 1, 1]
    sent = {moment: {id for id, at in asking.sent if at == moment} for _, moment in asking.sent}
    assert sent[0] == {"r0", "r1"}  # both were in flight before the refusal came
    assert "r0" in sent[3]
    assert "r0" in sent[6]
    assert set(sent) == {0, 3, 6}
    assert [id for id, _ in asking.sent].count("r0") == 3


async def test_another_error_makes_nobody_wait() -> None:
    hand = Hand()
    clock = jumping(hand)
    overloaded = ServerError("overloaded", status=503, retry_after=5)
    asking = Repeating(clock, {"r0": [overloaded]}).on(hand)
    await CallerBatch(asking.ask, requests(4), clock=clock, concurrency=2).outcome()
    assert asking.sent[-1] == ("r0", 5)
    assert {at for id, at in asking.sent if id != "r0"} == {0}


async def test_a_request_that_is_given_up_counts_once() -> None:
    hand = Hand()
    clock = jumping(hand)
    heard = Heard()
    asking = Repeating(clock, {"r1": [busy(3) for _ in range(9)]}, attempts=3).on(hand)
    run = CallerBatch(asking.ask, requests(3), clock=clock, callbacks=heard.callbacks)
    outcome = await run.outcome()
    assert (outcome.by_kind, outcome.errors[0].attempts) == ({"rate_limited": 1}, 3)
    assert (ids(heard.told("on_error")), ids(heard.told("on_result"))) == (["r1"], ["r0", "r2"])


async def test_a_back_off_is_not_the_requests_time() -> None:
    asking = Repeating(WallClock(), {"r0": [busy(0.3)]})
    run = CallerBatch(asking.ask, requests(2), clock=WallClock(), item_timeout=timedelta(seconds=0.1))
    assert statuses(await run.outcome()) == ["succeeded", "succeeded"]


async def test_cancelling_in_a_back_off_counts_what_was_sent() -> None:
    asking = Repeating(WallClock(), {"r0": [busy(0.01), busy(30)]})
    run = CallerBatch(asking.ask, requests(3), clock=WallClock(), concurrency=2)
    working = asyncio.ensure_future(run.outcome())
    await until(lambda: [id for id, _ in asking.sent].count("r0") == 2)
    await asyncio.sleep(0.01)
    run.cancel()
    items = (await working).items
    assert (items[0].status, items[0].attempts) == ("cancelled", 2)
