"""The deviations of assistants, threads and messages: each misbehaves in its one way, in the successor too, and says that it fired."""

from __future__ import annotations

import httpx
import pytest

from tests.simulator.both_apis import Deviant, Under, gone, refused, under
from tests.simulator.openai_assistants import WEATHER

__all__ = ["under"]

OLD_ALONE = {
    "assistants.create.default_instructions": ["assistants.create"],
    "assistants.create.model_replaced": ["assistants.create"],
    "assistants.create.same_id": ["assistants.create"],
    "assistants.list.ignores_limit": ["assistants.list"],
    "assistants.list.ignores_order": ["assistants.list"],
    "assistants.list.includes_deleted": ["assistants.list", "assistants.delete"],
    "assistants.list.after_inclusive": ["assistants.list"],
    "assistants.get.drops_tools": ["assistants.get"],
    "assistants.get.wrong_record": ["assistants.get"],
    "assistants.update.not_persisted": ["assistants.update"],
    "assistants.update.resets_other_fields": ["assistants.update"],
    "assistants.update.rewrites_old_runs": ["assistants.update"],
    "assistants.delete.ghost_get": ["assistants.get", "assistants.delete"],
    "assistants.delete.run_still_works": ["assistants.delete", "runs.create", "runs.create_with_thread"],
    "assistants.delete.cascades_threads": ["assistants.delete"],
    "assistants.delete.idempotent_ok": ["assistants.delete"],
}
ON_BOTH = {
    "threads.create.drops_initial_messages": ["threads.create", "conversations.create"],
    "threads.create.metadata_lost": ["threads.create", "conversations.create"],
    "threads.shared_state": ["threads.create", "conversations.create"],
    "threads.delete.ghost_get": ["threads.get", "threads.delete", "conversations.get", "conversations.delete"],
    "messages.create.text_truncated": ["messages.create", "conversations.items.create"],
    "messages.create.wrong_thread": ["messages.create", "conversations.items.create"],
    "messages.create.role_forced_assistant": ["messages.create", "conversations.items.create"],
    "messages.list.ignores_order": ["messages.list", "conversations.items.list"],
    "messages.list.after_inclusive": ["messages.list", "conversations.items.list"],
    "messages.list.leaks_other_thread": ["messages.list", "conversations.items.list"],
}


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = {one["name"]: one for one in plane.get("/_simulator/deviations").json()}
    for name, operations in (OLD_ALONE | ON_BOTH).items():
        assert (listed[name]["operations"], listed[name]["providers"]) == (operations, ["OpenAI"])


@pytest.mark.parametrize("name", OLD_ALONE | ON_BOTH)
def test_what_nobody_does_fires_nothing(under: Under, name: str) -> None:
    deviant = under(name)
    assert deviant.new.create("Hello")["status"] == "completed"
    assert deviant.new.sdk.models.list().data
    assert deviant.fired() == 0


# Assistants -------------------------------------------------------------------------------------------------------------


def three(deviant: Deviant) -> list[str]:
    ids = []
    for name in "abc":
        ids.append(deviant.old.assistant(name=name).id)
        deviant.tenant.advance(1)
    return ids


def listed(deviant: Deviant, **query: object) -> list[str]:
    return [one.id for one in deviant.old.beta.assistants.list(**query).data]


def test_default_instructions(under: Under) -> None:
    deviant = under("assistants.create.default_instructions")
    assert deviant.old.assistant(instructions="Be brief.").instructions == "Be brief."
    assert deviant.fired() == 0
    made = deviant.old.assistant()
    assert made.instructions
    assert deviant.old.beta.assistants.retrieve(made.id).instructions == made.instructions
    assert deviant.fired() == 1


def test_model_replaced(under: Under) -> None:
    deviant = under("assistants.create.model_replaced")
    refused(lambda: deviant.old.assistant(model="no-such-model"))
    assert deviant.fired() == 0
    made = deviant.old.assistant(model="gpt-4o")
    assert (made.model, deviant.old.beta.assistants.retrieve(made.id).model) == ("gpt-4o-mini", "gpt-4o-mini")
    assert (deviant.old.assistant(model="gpt-4o-mini").model, deviant.fired()) == ("gpt-4o", 2)


def test_same_id(under: Under) -> None:
    deviant = under("assistants.create.same_id")
    first = deviant.old.assistant(name="a")
    assert deviant.fired() == 0
    second = deviant.old.assistant(name="b")
    assert (second.id, second.name, deviant.fired()) == (first.id, "b", 1)
    assert deviant.old.beta.assistants.retrieve(first.id).name == "b"


def test_list_ignores_limit(under: Under) -> None:
    deviant = under("assistants.list.ignores_limit")
    assert listed(deviant, limit=2) == []
    first, second, third = three(deviant)
    assert listed(deviant, limit=3) == [third, second, first]
    assert deviant.fired() == 0
    assert listed(deviant, limit=2) == [third, second, first]
    assert deviant.fired() == 1


def test_list_ignores_order(under: Under) -> None:
    deviant = under("assistants.list.ignores_order")
    first, second, third = three(deviant)
    assert listed(deviant, order="desc") == [third, second, first]
    assert deviant.fired() == 0
    assert listed(deviant, order="asc") == [third, second, first]
    assert deviant.fired() == 1


def test_list_includes_deleted(under: Under) -> None:
    deviant = under("assistants.list.includes_deleted")
    first, second, third = three(deviant)
    deviant.old.beta.assistants.delete(second)
    assert sorted(listed(deviant)) == sorted([first, second, third])
    assert deviant.fired() == 1
    gone(lambda: deviant.old.beta.assistants.retrieve(second))


def test_list_after_inclusive(under: Under) -> None:
    deviant = under("assistants.list.after_inclusive")
    first, second, third = three(deviant)
    assert listed(deviant, limit=2) == [third, second]
    assert deviant.fired() == 0
    assert listed(deviant, limit=2, after=second) == [second, first]
    assert deviant.fired() == 1


def test_get_drops_tools(under: Under) -> None:
    deviant = under("assistants.get.drops_tools")
    made = deviant.old.assistant(tools=[WEATHER])
    assert len(made.tools) == len(deviant.old.beta.assistants.list().data[0].tools) == 1
    assert deviant.old.beta.assistants.retrieve(made.id).tools == []
    assert deviant.fired() == 1


def test_get_wrong_record(under: Under) -> None:
    deviant = under("assistants.get.wrong_record")
    first, _, third = three(deviant)
    assert deviant.old.beta.assistants.retrieve(third).name == "c"
    gone(lambda: deviant.old.beta.assistants.retrieve("asst_none"))
    assert deviant.fired() == 0
    assert deviant.old.beta.assistants.retrieve(first).name == "c"
    assert deviant.fired() == 1


def test_update_not_persisted(under: Under) -> None:
    deviant = under("assistants.update.not_persisted")
    made = deviant.old.assistant(instructions="old")
    assert deviant.old.beta.assistants.update(made.id, instructions="new").instructions == "new"
    assert deviant.old.beta.assistants.retrieve(made.id).instructions == "old"
    assert deviant.fired() == 1


def test_update_resets_other_fields(under: Under) -> None:
    deviant = under("assistants.update.resets_other_fields")
    made = deviant.old.assistant(name="a", instructions="old", tools=[WEATHER])
    assert deviant.old.beta.assistants.update(made.id, metadata={"a": "b"}).name == "a"
    assert deviant.old.beta.assistants.update(made.id, name="b", instructions="x", tools=[WEATHER]).name == "b"
    assert deviant.fired() == 0
    deviant.old.beta.assistants.update(made.id, instructions="new")
    seen = deviant.old.beta.assistants.retrieve(made.id)
    assert (seen.name, seen.tools, seen.instructions, deviant.fired()) == (None, [], "new", 1)


def test_update_rewrites_old_runs(under: Under) -> None:
    deviant = under("assistants.update.rewrites_old_runs")
    made, other = deviant.old.assistant(instructions="old"), deviant.old.assistant(instructions="other")
    ended, untouched = (
        deviant.old.runs.create(deviant.old.thread("Hello").id, assistant_id=one.id) for one in (made, other)
    )
    deviant.tenant.advance(60)
    active = deviant.old.runs.create(deviant.old.thread("Hello").id, assistant_id=made.id)
    deviant.old.beta.assistants.update(made.id, instructions="new")
    seen = [deviant.old.look(run).instructions for run in (ended, active, untouched)]
    assert (seen, deviant.fired()) == (["new", "old", "other"], 1)


def test_delete_ghost_get(under: Under) -> None:
    deviant = under("assistants.delete.ghost_get")
    made = deviant.old.assistant(name="a")
    deviant.old.beta.assistants.delete(made.id)
    assert deviant.old.beta.assistants.retrieve(made.id).name == "a"
    assert (listed(deviant), deviant.fired()) == ([], 1)


def test_delete_run_still_works(under: Under) -> None:
    deviant = under("assistants.delete.run_still_works")
    made = deviant.old.assistant(instructions="Answer exactly: 42")
    thread = deviant.old.thread("What is it?")
    deviant.old.beta.assistants.delete(made.id)
    gone(lambda: deviant.old.beta.assistants.retrieve(made.id))
    gone(lambda: deviant.old.runs.create(thread.id, assistant_id="asst_none"))
    assert deviant.fired() == 0
    run = deviant.old.done(deviant.old.runs.create(thread.id, assistant_id=made.id))
    assert (run.status, deviant.old.answer(run), deviant.fired()) == ("completed", "42", 1)
    gone(lambda: deviant.old.beta.assistants.retrieve(made.id))


def test_delete_cascades_threads(under: Under) -> None:
    deviant = under("assistants.delete.cascades_threads")
    made = deviant.old.assistant()
    used, unused = deviant.old.thread("Hello"), deviant.old.thread("Hello")
    deviant.old.runs.create(used.id, assistant_id=made.id)
    deviant.tenant.advance(60)
    deviant.old.beta.assistants.delete(deviant.old.assistant().id)
    assert deviant.fired() == 0
    deviant.old.beta.assistants.delete(made.id)
    assert (deviant.old.texts(used.id), deviant.old.texts(unused.id), deviant.fired()) == ([], ["Hello"], 1)


def test_delete_idempotent_ok(under: Under) -> None:
    deviant = under("assistants.delete.idempotent_ok")
    made = deviant.old.assistant()
    gone(lambda: deviant.old.beta.assistants.delete("asst_none"))
    deviant.old.beta.assistants.delete(made.id)
    assert deviant.fired() == 0
    assert deviant.old.beta.assistants.delete(made.id).deleted
    assert deviant.fired() == 1


# Threads, and conversations ---------------------------------------------------------------------------------------------


def test_create_drops_initial_messages(under: Under) -> None:
    deviant = under("threads.create.drops_initial_messages")
    deviant.old.thread()
    deviant.conversation()
    assert deviant.fired() == 0
    thread, conversation = deviant.old.thread("one", "two"), deviant.conversation("one", "two")
    assert (deviant.old.texts(thread.id), deviant.listed(conversation), deviant.fired()) == ([], [], 2)
    deviant.add(thread.id, "three")
    deviant.put(conversation, "three")
    assert deviant.old.texts(thread.id) == ["three"]
    assert deviant.new.messages(conversation) == [("user", "three")]


def test_create_metadata_lost(under: Under) -> None:
    deviant = under("threads.create.metadata_lost")
    deviant.old.thread()
    assert deviant.fired() == 0
    thread, conversation = deviant.old.thread(metadata={"a": "b"}), deviant.conversation(metadata={"a": "b"})
    assert thread.metadata == deviant.old.beta.threads.retrieve(thread.id).metadata == {}
    assert (deviant.new.sdk.conversations.retrieve(conversation).metadata, deviant.fired()) == ({}, 2)
    assert deviant.new.sdk.conversations.update(conversation, metadata={"c": "d"}).metadata == {"c": "d"}


def test_shared_state(under: Under) -> None:
    deviant = under("threads.shared_state")
    first, there = deviant.old.thread("one"), deviant.conversation("one")
    assert deviant.fired() == 0
    second, elsewhere = deviant.old.thread(), deviant.conversation()
    assert deviant.fired() == 2
    deviant.add(second.id, "two")
    deviant.put(elsewhere, "two")
    assert deviant.old.texts(first.id) == deviant.old.texts(second.id) == ["one", "two"]
    assert deviant.listed(there) == deviant.listed(elsewhere)
    assert [text for _, text in deviant.new.messages(there)] == ["one", "two"]


def test_delete_ghost_get_of_threads(under: Under) -> None:
    deviant = under("threads.delete.ghost_get")
    thread, conversation = deviant.old.thread("one"), deviant.conversation("one")
    deviant.old.beta.threads.delete(thread.id)
    deviant.new.sdk.conversations.delete(conversation)
    assert deviant.fired() == 0
    assert deviant.old.beta.threads.retrieve(thread.id).id == thread.id
    assert deviant.new.sdk.conversations.retrieve(conversation).id == conversation
    assert deviant.fired() == 2
    gone(lambda: deviant.old.beta.threads.retrieve("thread_none"))
    gone(lambda: deviant.old.beta.threads.messages.list(thread.id))
    gone(lambda: deviant.new.sdk.conversations.items.list(conversation))


# Messages, and items ----------------------------------------------------------------------------------------------------


def test_text_truncated(under: Under) -> None:
    deviant = under("messages.create.text_truncated")
    thread, conversation = deviant.old.thread(), deviant.conversation()
    deviant.add(thread.id, "x" * 4096)
    deviant.put(conversation, "x" * 4096)
    assert deviant.fired() == 0
    deviant.add(thread.id, "é" * 10_000)
    deviant.put(conversation, "é" * 10_000)
    assert (deviant.old.texts(thread.id)[-1], deviant.fired()) == ("é" * 4096, 2)
    assert deviant.new.messages(conversation)[-1][1] == "é" * 4096


def test_wrong_thread(under: Under) -> None:
    deviant = under("messages.create.wrong_thread")
    first, there = deviant.old.thread(), deviant.conversation()
    second, elsewhere = deviant.old.thread(), deviant.conversation()
    deviant.add(second.id, "zero")
    gone(lambda: deviant.add("thread_none", "one"))
    assert deviant.fired() == 0
    deviant.add(first.id, "one")
    deviant.put(there, "one")
    assert (deviant.old.texts(first.id), deviant.old.texts(second.id)) == ([], ["zero", "one"])
    assert (deviant.listed(there), len(deviant.listed(elsewhere)), deviant.fired()) == ([], 1, 2)


def test_role_forced_assistant(under: Under) -> None:
    deviant = under("messages.create.role_forced_assistant")
    thread, conversation = deviant.old.thread(), deviant.conversation()
    deviant.old.beta.threads.messages.create(thread.id, role="assistant", content="one")
    assert deviant.fired() == 0
    deviant.add(thread.id, "two")
    parts = [{"type": "input_text", "text": "three"}]
    body = {"items": [{"type": "message", "role": "user", "content": parts}]}
    deviant.new.http.post(f"/v1/conversations/{conversation}/items", json=body).raise_for_status()
    deviant.put(conversation, "four")
    assert {one.role for one in deviant.old.beta.threads.messages.list(thread.id)} == {"assistant"}
    assert deviant.new.messages(conversation) == [("assistant", "three"), ("assistant", "four")]
    assert deviant.fired() == 3


def test_messages_ignore_order(under: Under) -> None:
    deviant = under("messages.list.ignores_order")
    thread, conversation = deviant.old.thread("one", "two"), deviant.conversation("one", "two")
    newest = deviant.listed(conversation)
    assert deviant.fired() == 0
    assert deviant.old.texts(thread.id) == ["two", "one"]
    assert (deviant.listed(conversation, order="asc"), deviant.fired()) == (newest, 2)


def test_messages_after_inclusive(under: Under) -> None:
    deviant = under("messages.list.after_inclusive")
    thread, conversation = deviant.old.thread("one", "two", "three"), deviant.conversation("one", "two", "three")
    old = deviant.old.beta.threads.messages
    every, items = [one.id for one in old.list(thread.id)], deviant.listed(conversation)
    assert [one.id for one in old.list(thread.id, limit=2).data] == every[:2]
    assert deviant.listed(conversation, limit=1) == items[:1]
    assert deviant.fired() == 0
    assert [one.id for one in old.list(thread.id, limit=2, after=every[1]).data] == every[1:]
    assert (deviant.listed(conversation, limit=1, after=items[0]), deviant.fired()) == (items[:2], 2)


def test_messages_leak_from_another_thread(under: Under) -> None:
    deviant = under("messages.list.leaks_other_thread")
    first, there = deviant.old.thread("one"), deviant.conversation("one")
    assert deviant.old.texts(first.id) == ["one"]
    assert len(deviant.listed(there)) == 1
    assert deviant.fired() == 0
    second, elsewhere = deviant.old.thread("two", "three"), deviant.conversation("two", "three")
    assert deviant.old.texts(first.id) == ["one", "three"]
    assert deviant.old.texts(second.id) == ["two", "three", "one"]
    assert len(deviant.listed(there)) == 2
    assert deviant.listed(there)[1] == deviant.listed(elsewhere)[0]
    assert deviant.fired() == 5
