"""What of a history is sent: the longest newest part that fits, whole pairs, few counts, and nothing taken from the session."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import ContextOverflow
from support.gateway.sessions import Session, window
from support.gateway.sessions.values import SessionMessage
from support.values import Message
from tests.gateway.session_bench import (
    FakeGateway,
    call,
    entry,
    gateway_of,
    model,
    output,
    session,
    spent,
    tokens,
    user,
)

pytestmark = pytest.mark.anyio


def words(count: int) -> str:
    return " ".join(["abcdefg"] * count)


def talk(sizes: list[int], called: set[int]) -> list[SessionMessage]:
    """Questions with answers of so many words; some answers come after a call."""
    made: list[SessionMessage] = []
    for number, size in enumerate(sizes):
        made.append(entry(user(f"q{number} {words(size)}")))
        if number in called:
            made += [entry(model("", call(f"c{number}"))), entry(user("", output(f"c{number}", words(size))))]
        made.append(entry(model(f"a{number} {words(size)}")))
    return made


def filled(entries: list[SessionMessage], **options: object) -> Session:
    kept = session(system="be brief", **options)
    kept.messages += entries
    return kept


def check_pairs(messages: list[Message]) -> None:
    asked: list[str] = []
    for one in messages:
        assert [made.call_id for made in one.outputs] == asked
        asked = [made.id for made in one.calls]
    assert asked == []


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 60), max_size=25),
    called=st.sets(st.integers(0, 24)),
    room=st.integers(1, 1500),
    newest=st.integers(1, 80),
)
async def test_the_longest_newest_part_that_fits(sizes: list[int], called: set[int], room: int, newest: int) -> None:
    history = talk(sizes, called)
    kept = filled(list(history), window_tokens=room + 100, reserve_tokens=100)
    fake = FakeGateway()
    question = user(words(newest))
    try:
        await kept.say(question.text, gateway=gateway_of(fake))
    except ContextOverflow:
        assert tokens([question], "be brief") > room
        assert fake.asked == []
        assert kept.messages == history
        return
    (sent,) = fake.asked
    assert tokens(sent, "be brief") <= room
    assert fake.systems == ["be brief"]
    whole = [*(one.message for one in history), question]
    assert sent == whole[len(whole) - len(sent) :]
    assert sent[0].role == "user"
    check_pairs(sent)
    longer = [at for at in range(len(whole) - len(sent)) if whole[at].role == "user" and not whole[at].outputs]
    if longer:
        assert tokens(whole[longer[-1] :], "be brief") > room
    assert kept.messages[: len(history)] == history
    assert len(kept.messages) == len(history) + 2
    assert len(fake.counts) <= 14


async def test_21_messages_in_a_window_of_1000() -> None:
    kept = filled(talk([60] * 10, {8}), window_tokens=1000, reserve_tokens=100)
    fake = FakeGateway()
    await kept.say(words(60), gateway=gateway_of(fake))
    assert tokens(fake.asked[0], "be brief") <= 900
    assert len(kept.messages) == 24
    assert len(fake.counts) <= 6
    assert not fake.asked[0][0].text.startswith("q0 ")


async def test_error_asks_nothing() -> None:
    kept = filled(talk([60] * 10, set()), window_tokens=1000, reserve_tokens=100, strategy="error")
    fake = FakeGateway()
    with pytest.raises(ContextOverflow, match="900"):
        await kept.say("hello", gateway=gateway_of(fake))
    assert fake.asked == []
    assert len(fake.counts) == 1
    assert len(kept.messages) == 20


@pytest.mark.parametrize("strategy", ["truncate", "error"])
async def test_one_message_above_the_window(strategy: str) -> None:
    fake = FakeGateway()
    with pytest.raises(ContextOverflow):
        await filled([], window_tokens=100, reserve_tokens=10, strategy=strategy).say(
            words(100), gateway=gateway_of(fake)
        )
    assert fake.asked == []


async def test_calls_in_a_row_stay_pairs_where_no_question_is_left() -> None:
    entries = [entry(user("q"))]
    for number in range(6):
        entries += [entry(model("", call(f"c{number}"))), entry(user("", output(f"c{number}")))]
    kept = filled(entries[5:-1], max_messages=4)
    fake = FakeGateway()
    await kept.answer_calls([output("c5")], gateway=gateway_of(fake))
    assert len(fake.asked[0]) == 4
    check_pairs(fake.asked[0])


async def test_an_empty_answer_is_not_sent() -> None:
    kept = filled([entry(user("q")), entry(model(""))])
    fake = FakeGateway()
    await kept.say("again", gateway=gateway_of(fake))
    assert [one.text for one in fake.asked[0]] == ["q", "again"]


async def test_the_time_is_linear() -> None:
    """Ten times the history takes about ten times as long, a hundred times if it were not linear; and not one count more."""

    async def seconds(count: int) -> tuple[float, int]:
        history = talk([10] * count, set())
        newest = entry(user("now"))
        best, fake = 9.0, FakeGateway()
        for _ in range(7):
            fake = FakeGateway()

            async def counted(messages: Any, fake: FakeGateway = fake) -> int:
                return await fake.count(messages, model="")

            began = time.process_time()  # other work on the machine is none of it
            await window.first_sent(
                history, newest, room=900, strategy="truncate", system=None, tools=(), most=None, count=counted
            )
            best = min(best, time.process_time() - began)
        return best, len(fake.counts)

    small, large = await seconds(500), await seconds(5_000)
    assert large[0] / small[0] < 40
    assert large[1] <= small[1] + 1


def test_room_is_the_models_window_where_nothing_is_said() -> None:
    kept = session()
    assert window.room(kept.settings, kept.provider, kept.model, 500) > 100_000
    assert spent().attempts == 1
