"""The choke point: what it repeats, what it pays, what it journals, and what it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from support.errors import InvalidRequest, NotFound, RateLimited, RequestTimeout, ServerError, TouchstoneError
from support.gateway.call import Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.events import Account, CallEvent
from support.gateway.exchanges import Wire
from support.gateway.markers import Marker, unmark
from support.gateway.retry import Repeat
from support.values import Money, Provider, Usage
from tests.gateway.conftest import FakePurse, FakeRegister

USAGE = Usage(uncached_input_tokens=3, output_tokens=2)


class StillClock:
    """Remembers what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Scene:
    """A choke point over fakes, and a provider that fails as scripted."""

    def __init__(self, *failures: TouchstoneError | None) -> None:
        self.purse, self.register, self.clock = FakePurse(), FakeRegister(), StillClock()
        self.events: list[CallEvent] = []
        self.failures = list(failures)
        self.sent = 0
        self.choke = ChokePoint(
            account=Account("run1", "a scenario", "files", "FM-01", Money.SIMULATED),
            clock=self.clock,
            purse=self.purse,
            register=self.register,
            wire=Wire(),
            listeners=[self.events.append],
            attempts=4,
        )

    async def send(self) -> str:
        self.sent += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        return "id-1"

    def call(self, operation: Operation, **options: object) -> str:
        return asyncio.run(self.choke.call(operation, self.send, _never, **options))  # type: ignore[arg-type]


def _never(error: Exception) -> TouchstoneError:
    raise AssertionError(f"nothing but the gateway's own errors was raised, not {error!r}")


def read() -> Operation:
    return Operation(Provider.OPENAI, "files.get", Repeat.ALWAYS)


def create() -> Operation:
    return Operation(Provider.OPENAI, "files.upload", Repeat.IF_ABSENT, creates=Creation("file", Marker.fresh("run1")))


def chat() -> Operation:
    return Operation(Provider.OPENAI, "chat.create", Repeat.IF_REFUSED, model="m", bound=Bound(10, 10))


def limited(after: float | None = None) -> RateLimited:
    return RateLimited("slow down", status=429, retry_after=after)


@pytest.mark.parametrize("operation", [read, create, chat])
def test_a_provider_that_refuses_for_now_is_asked_again_when_it_said(operation: Callable[[], Operation]) -> None:
    scene = Scene(limited(7), limited(), ServerError("overloaded", status=503))
    assert scene.call(operation()) == "id-1"
    assert scene.sent == 4
    assert scene.clock.slept == [7, 1.0, 2.0]
    assert scene.events[-1].attempts == 4


def test_attempts_run_out() -> None:
    scene = Scene(*[limited(1)] * 5)
    with pytest.raises(RateLimited):
        scene.call(chat())
    assert (scene.sent, scene.clock.slept) == (4, [1, 1, 1])
    assert (scene.purse.released, scene.purse.kept, scene.purse.settled) == (1, 0, [])


@pytest.mark.parametrize("operation", [read, create, chat])
def test_a_request_that_is_wrong_is_sent_once(operation: Callable[[], Operation]) -> None:
    scene = Scene(InvalidRequest("no such purpose", status=400))
    with pytest.raises(InvalidRequest):
        scene.call(operation())
    assert (scene.sent, scene.clock.slept) == (1, [])


def test_a_provider_that_says_do_not_retry_is_not_asked_again() -> None:
    scene = Scene(RateLimited("spent", status=429, should_retry=False))
    with pytest.raises(RateLimited):
        scene.call(read())
    assert scene.sent == 1


@pytest.mark.parametrize("failure", [ServerError("broken", status=500), RequestTimeout("late")])
def test_an_unclear_end_repeats_a_read_and_not_a_chat(failure: TouchstoneError) -> None:
    assert Scene(failure).call(read()) == "id-1"
    scene = Scene(failure)
    with pytest.raises(type(failure)):
        scene.call(chat())
    assert scene.sent == 1
    # nobody knows what it cost: it counts as spent
    assert (scene.purse.kept, scene.purse.released) == (1, 0)


def test_a_create_with_an_unclear_end_is_looked_for_before_it_is_repeated() -> None:
    async def found() -> str:
        return "id-of-the-first"

    async def nothing() -> None:
        return None

    scene = Scene(ServerError("cut", code="connection_cut"))
    assert scene.call(create(), find=found, id_of=lambda made: made) == "id-of-the-first"
    assert scene.sent == 1
    assert scene.register.confirmed == {0: "id-of-the-first"}

    scene = Scene(ServerError("cut", code="connection_cut"))
    assert scene.call(create(), find=nothing, id_of=lambda made: made) == "id-1"
    assert scene.sent == 2


def test_a_create_that_ended_unclear_stays_in_the_journal_even_when_the_last_attempt_was_refused() -> None:
    async def nothing() -> None:
        return None

    scene = Scene(ServerError("cut", code="connection_cut"), InvalidRequest("no", status=400))
    with pytest.raises(InvalidRequest):
        scene.call(create(), find=nothing)
    assert scene.register.refusals == []
    assert scene.purse.kept == 1


def test_a_refused_create_leaves_the_journal() -> None:
    scene = Scene(InvalidRequest("no", status=400))
    with pytest.raises(InvalidRequest):
        scene.call(create())
    assert scene.register.refusals == [0]


def test_the_intent_is_there_before_the_request_leaves() -> None:
    scene = Scene()
    seen: list[int] = []

    async def send() -> str:
        seen.append(len(scene.register.intended))
        return "id-1"

    asyncio.run(scene.choke.call(create(), send, _never, id_of=lambda made: made))
    assert seen == [1]


def test_a_removal_that_worked_unseen_is_not_an_error() -> None:
    removal = Operation(Provider.OPENAI, "files.delete", Repeat.ALWAYS, removes=Removal("file", "f-1"))
    scene = Scene(RequestTimeout("late"), NotFound("gone", status=404))
    assert scene.call(removal, if_gone=lambda: "gone as asked") == "gone as asked"
    assert scene.register.removals == [(Provider.OPENAI, "file", "f-1")]

    scene = Scene(NotFound("gone", status=404))
    with pytest.raises(NotFound):
        scene.call(removal, if_gone=lambda: "gone as asked")
    assert scene.register.removals == [(Provider.OPENAI, "file", "f-1")]


def test_money_is_settled_from_the_answer_and_told_once() -> None:
    scene = Scene(limited(0))
    scene.call(chat(), usage_of=lambda answer: USAGE)
    assert scene.purse.settled == [USAGE]
    assert [(event.operation, event.usage, event.error) for event in scene.events] == [("chat.create", USAGE, None)]


def test_a_stream_is_settled_after_its_last_piece() -> None:
    scene = Scene()

    async def pieces() -> AsyncIterator[str]:
        for word in ("a", "b", "end"):
            yield word

    async def listen() -> list[str]:
        heard = []
        async for word in scene.choke.stream(chat(), pieces, _never, usage_of=lambda w: USAGE if w == "end" else None):
            assert scene.purse.settled == []
            heard.append(word)
        return heard

    assert asyncio.run(listen()) == ["a", "b", "end"]
    assert scene.purse.settled == [USAGE]


def test_a_stream_that_its_reader_leaves_counts_as_spent() -> None:
    scene = Scene()

    async def pieces() -> AsyncIterator[str]:
        while True:
            yield "more"

    async def listen() -> None:
        words = scene.choke.stream(chat(), pieces, _never, usage_of=lambda word: None)
        async for _ in words:
            break
        await words.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen())
    assert (scene.purse.kept, scene.purse.settled) == (1, [])
    assert len(scene.events) == 1


def test_an_interrupted_call_counts_as_spent() -> None:
    scene = Scene()

    async def send() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(scene.choke.call(chat(), send, _never))
    assert scene.purse.kept == 1
    assert scene.events[0].error is not None


def test_a_marker_comes_off_the_name_it_was_put_on() -> None:
    marker = Marker.fresh("run1abcd")
    assert unmark(f"{marker}notes~1.txt") == (marker, "notes~1.txt")
    assert unmark("notes.txt") == (None, "notes.txt")
    assert Marker.fresh("run1abcd") != marker
