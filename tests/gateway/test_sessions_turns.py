"""Turns of a session over a fake provider: what is sent, what is kept, what is counted, and what a failure leaves."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from support.errors import Conflict, InvalidRequest, ServerError
from support.ledger import price
from support.values import Provider, Usage
from tests.gateway.session_bench import MODELS, FakeGateway, call, gateway_of, output, session, user

pytestmark = pytest.mark.anyio


async def test_the_whole_history_goes_and_usage_adds_up() -> None:
    fake = FakeGateway(
        usages=[Usage(uncached_input_tokens=i, output_tokens=o) for i, o in ((10, 5), (20, 8), (30, 12))]
    )
    kept = session(system="Be brief.")
    for number, stream in enumerate((False, True, False)):
        await kept.say(f"question {number}", gateway=gateway_of(fake), stream=stream)
    assert [len(asked) for asked in fake.asked] == [1, 3, 5]
    assert fake.systems == ["Be brief."] * 3
    assert [one.message.role for one in kept.messages] == ["user", "assistant"] * 3
    assert len({one.id for one in kept.messages}) == 6
    assert (kept.usage.input_tokens, kept.usage.output_tokens) == (60, 25)
    rows = [price(Provider.OPENAI, MODELS[Provider.OPENAI], turn.usage) or Decimal(0) for turn in kept.turns]
    assert kept.cost_usd == sum(rows) > 0
    assert kept.cost_by_provider == {Provider.OPENAI: kept.cost_usd}
    assert fake.counts == []


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failed_turn_leaves_nothing(stream: bool) -> None:
    fake = FakeGateway()
    kept = session()
    await kept.say("one", gateway=gateway_of(fake))
    before = (list(kept.messages), list(kept.turns), kept.used_at)
    fake.failure = ServerError("broken", status=500)
    with pytest.raises(ServerError):
        await kept.say("two", gateway=gateway_of(fake), stream=stream)
    assert (kept.messages, kept.turns, kept.used_at) == before
    fake.failure = None
    await kept.say("three", gateway=gateway_of(fake))
    assert [one.text for one in fake.asked[-1]] == ["one", "answer 1", "three"]


async def test_pieces_are_told() -> None:
    pieces: list[str] = []
    await session().say("one", gateway=gateway_of(FakeGateway()), stream=True, on_text=pieces.append)
    assert pieces == ["ans", "wer 1"]


async def test_calls_and_results_are_pairs() -> None:
    fake = FakeGateway(calls=[(call("c1"),)])
    kept = session()
    first = await kept.say("weather?", gateway=gateway_of(fake))
    assert kept.open_calls == ("c1",) == tuple(one.id for one in first.calls)
    for refused in (
        kept.say("and?", gateway=gateway_of(fake)),
        kept.answer_calls([output("c2")], gateway=gateway_of(fake)),
    ):
        with pytest.raises(InvalidRequest, match="outputs"):
            await refused
    assert len(fake.asked) == 1
    await kept.answer_calls([output("c1")], gateway=gateway_of(fake))
    assert [len(one.message.calls) + len(one.message.outputs) for one in kept.messages] == [0, 1, 1, 0]
    with pytest.raises(InvalidRequest, match="outputs"):
        await kept.answer_calls([output("c1")], gateway=gateway_of(fake))


async def test_what_cannot_be_right() -> None:
    kept = session()
    with pytest.raises(InvalidRequest, match="text"):
        await kept.say("  ", gateway=gateway_of(FakeGateway()))
    with pytest.raises(InvalidRequest, match="gateway"):
        await kept.say("one", gateway=gateway_of(FakeGateway(Provider.GEMINI)))


async def test_one_turn_at_a_time() -> None:
    kept = session()
    results = await asyncio.gather(
        *(kept.say(text, gateway=gateway_of(Slow())) for text in ("one", "two")), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["ChatAnswer", "Conflict"]
    assert len(kept.messages) == 2


class Slow(FakeGateway):
    async def ask(self, *args: Any, **more: Any) -> Any:
        await asyncio.sleep(0.01)
        return await super().ask(*args, **more)


async def test_the_last_ten_are_kept_and_no_request_has_more() -> None:
    fake = FakeGateway()
    kept = session(system="pinned", max_messages=10)
    for number in range(15):
        await kept.say(f"question {number}", gateway=gateway_of(fake))
    texts = [text for number in range(10, 15) for text in (f"question {number}", f"answer {number + 1}")]
    assert [one.message.text for one in kept.messages] == texts
    assert max(len(asked) for asked in fake.asked) <= 10
    assert all(asked[0].role == "user" for asked in fake.asked)
    assert fake.systems == ["pinned"] * 15
    assert len(kept.turns) == 15


async def test_the_limit_does_not_part_a_pair() -> None:
    fake = FakeGateway(calls=[(call("c1"),)])
    kept = session(max_messages=2)
    await kept.say("weather?", gateway=gateway_of(fake))
    await kept.answer_calls([output("c1")], gateway=gateway_of(fake))
    assert [one.message.text for one in kept.messages] == ["answer 2"]
    assert [one.outputs != () for one in fake.asked[-1]][-1]
    assert fake.asked[-1][-2].calls


async def test_clear_keeps_what_was_spent() -> None:
    fake = FakeGateway()
    kept = session(system="pinned")
    await kept.say("one", gateway=gateway_of(fake))
    usage, cost = kept.usage, kept.cost_usd
    kept.clear()
    assert (kept.messages, kept.usage, kept.cost_usd, kept.system) == ([], usage, cost, "pinned")
    await kept.say("two", gateway=gateway_of(fake))
    assert fake.asked[-1] == [user("two")]


async def test_conflict_names_the_session() -> None:
    kept = session()
    running = asyncio.ensure_future(kept.say("one", gateway=gateway_of(Slow())))
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match=kept.id):
        kept.clear()
    await running
