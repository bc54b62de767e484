"""Checkpoints, branches, and sessions that go on with another provider: shared ids, separate everything else."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import Conflict, NotFound, Unsupported
from support.gateway.sessions import SessionStore, transfer
from support.gateway.sessions.lines import all_lines
from support.values import FileReference, Provider
from tests.gateway.session_bench import FakeGateway, HandClock, call, gateway_of, output, session

pytestmark = pytest.mark.anyio


def ids(of: Any) -> list[str]:
    return [one.id for one in of.messages]


async def test_branches_share_what_was_before_and_nothing_after() -> None:
    fake = FakeGateway(calls=[(call("c1"),)])
    parent = session()
    await parent.say("weather?", gateway=gateway_of(fake))
    await parent.answer_calls([output("c1")], gateway=gateway_of(fake))
    parent.checkpoint("fork")
    shared, usage = ids(parent), parent.usage
    left, right = parent.branch("fork"), parent.branch("fork")
    await left.say("LEFT", gateway=gateway_of(fake))
    await right.say("RIGHT", gateway=gateway_of(fake))
    assert not any("LEFT" in one.text for one in fake.asked[-1])
    assert ids(left)[:4] == ids(right)[:4] == ids(parent) == shared
    assert not set(ids(left)[4:]) & set(ids(right)[4:])
    assert parent.usage == usage
    assert left.usage.input_tokens == usage.input_tokens + 10
    arguments: Any = left.messages[1].message.calls[0].arguments
    arguments["location"] = "Paris"
    assert {one.messages[1].message.calls[0].arguments["location"] for one in (parent, right)} == {"Rome"}
    assert len({left.id, right.id, parent.id}) == 3


async def test_restore_drops_the_later_messages_and_no_money() -> None:
    fake = FakeGateway()
    kept = session()
    await kept.say("one", gateway=gateway_of(fake))
    kept.checkpoint("here")
    before = list(kept.messages)
    await kept.say("two", gateway=gateway_of(fake))
    kept.restore("here")
    assert kept.messages == before
    assert kept.usage.input_tokens == 20
    await kept.say("three", gateway=gateway_of(fake))
    assert [one.text for one in fake.asked[-1]] == ["one", "answer 1", "three"]
    kept.restore("here")
    assert kept.messages == before
    assert kept.branch("here").usage.input_tokens == 10


async def test_names_of_checkpoints() -> None:
    kept = session()
    first = kept.checkpoint("a")
    await kept.say("one", gateway=gateway_of(FakeGateway()))
    with pytest.raises(Conflict, match="'a'"):
        kept.checkpoint("a")
    assert kept.checkpoints == {"a": first}
    for missing in (kept.restore, kept.branch):
        with pytest.raises(NotFound, match="'b'"):
            missing("b")
    assert len(kept.messages) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["say", "note", "restore", "branch", "clear"]), st.integers(0, 5)), max_size=25)
)
def test_any_tree(deeds: list[tuple[str, int]]) -> None:
    """Every session of a tree is what a plain model of it says, and so is what was saved of it now and then."""

    async def run() -> None:
        fake = FakeGateway()
        tree: list[Any] = [(session(), [], [], {})]
        for number, (deed, which) in enumerate(deeds):
            at = which % len(tree)
            kept, said, spent, notes = tree[at]
            names = list(notes)
            if deed == "say":
                await kept.say(f"q{number}", gateway=gateway_of(fake))
                said += ids(kept)[-2:]
                spent.append(number)
            elif deed == "note":
                kept.checkpoint(f"n{number}")
                notes[f"n{number}"] = (list(said), list(spent))
            elif deed == "clear":
                kept.clear()
                said.clear()
            elif names and deed == "restore":
                name = names[which % len(names)]
                kept.restore(name)
                said[:] = notes[name][0]
            elif names:
                name = names[which % len(names)]
                upto = {one: notes[one] for one in names[: names.index(name) + 1]}
                tree.append((kept.branch(name), list(notes[name][0]), list(notes[name][1]), upto))
            if which % 2:
                store.save(kept)
                assert all_lines(store.load(kept.id)) == all_lines(kept)
            for one, messages, turns, checkpoints in tree:
                assert ids(one) == messages
                assert len(one.turns) == len(turns)
                assert list(one.checkpoints) == list(checkpoints)
                assert one.usage.input_tokens == 10 * len(turns)

    with TemporaryDirectory() as folder:
        store = SessionStore(Path(folder), clock=HandClock())
        asyncio.run(run())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Provider.OPENAI, Provider.ANTHROPIC),
        (Provider.ANTHROPIC, Provider.GEMINI),
        (Provider.GEMINI, Provider.OPENAI),
    ],
)
async def test_transfer(source: Provider, target: Provider) -> None:
    signature = "c2lnbmVk" if source is Provider.GEMINI else None
    fake = FakeGateway(source, calls=[(call("c1", signature),)])
    kept = session(source, system="Be brief.", max_messages=50)
    await kept.say("weather?", gateway=gateway_of(fake))
    with pytest.raises(Conflict, match="c1"):
        transfer(kept, target, "m")
    await kept.answer_calls([output("c1")], gateway=gateway_of(fake))
    before = all_lines(kept)
    moved = transfer(kept, target, "gpt-6-luna")
    assert ids(moved) == ids(kept)
    assert (moved.system, moved.settings, moved.provider, moved.parent_id) == (
        "Be brief.",
        kept.settings,
        target,
        kept.id,
    )
    (past,) = moved.messages[1].message.calls
    assert (past.id, past.name, past.arguments, past.signature) == ("c1", "get_weather", {"location": "Rome"}, None)
    assert moved.messages[2].message.outputs[0].name == "get_weather"
    there = FakeGateway(target)
    await moved.say("and now?", gateway=gateway_of(there))
    assert there.systems == ["Be brief."]
    assert len(there.asked[0]) == 5
    assert {provider: usage.input_tokens for provider, usage in moved.usage_by_provider.items()} == {
        source: 20,
        target: 10,
    }
    assert moved.cost_usd == sum(moved.cost_by_provider.values())
    arguments: Any = moved.messages[1].message.calls[0].arguments
    arguments["location"] = "Paris"
    assert all_lines(kept) == before


async def test_files_do_not_go_along() -> None:
    kept = session()
    file = FileReference(file_id="file-77", mime_type="application/pdf")
    await kept.say("read", files=[file], gateway=gateway_of(FakeGateway()))
    with pytest.raises(Unsupported, match="files") as caught:
        transfer(kept, Provider.GEMINI, "m")
    assert "file-77" in caught.value.message
    assert caught.value.param == "files"
    assert len(transfer(kept, Provider.OPENAI, "gpt-4.1").messages) == 2
