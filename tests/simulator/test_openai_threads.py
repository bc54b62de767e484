"""OpenAI's threads and messages over HTTP: what is said stays as it was said, in its thread and in its order."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types.beta import Thread

from tests.simulator.openai_assistants import Desk, desk, refused

__all__ = ["desk"]

DAY = 86_400


def test_an_empty_thread(desk: Desk) -> None:
    made = desk.beta.threads.create()
    assert (made.metadata, made.to_dict()["tool_resources"]) == ({}, {})
    assert desk.texts(made.id) == []
    assert desk.tenant.inventory()["OpenAI"] == {"threads": [made.id]}
    Thread.model_validate(made.to_dict())


def test_a_thread_begins_with_its_messages(desk: Desk) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "Hello", "metadata": {"a": "b"}},
        {"role": "assistant", "content": "Hi."},
    ]
    made = desk.beta.threads.create(messages=messages, metadata={"run": "x"})
    listed = list(desk.beta.threads.messages.list(made.id, order="asc"))
    assert [(one.role, one.content[0].text.value) for one in listed] == [("user", "Hello"), ("assistant", "Hi.")]
    assert [one.metadata for one in listed] == [{"a": "b"}, {}]
    assert desk.beta.threads.retrieve(made.id).metadata == {"run": "x"}


def test_a_thread_is_changed_and_deleted(desk: Desk) -> None:
    made = desk.thread("said")
    assert desk.beta.threads.update(made.id, metadata={"k": "v"}).metadata == {"k": "v"}
    assert desk.beta.threads.retrieve(made.id).metadata == {"k": "v"}
    gone = desk.beta.threads.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "thread.deleted", True)
    words = f"No thread found with id '{made.id}'."
    refused(lambda: desk.beta.threads.retrieve(made.id), 404, words)
    refused(lambda: desk.beta.threads.delete(made.id), 404, words)
    refused(lambda: desk.beta.threads.messages.list(made.id), 404, words)
    refused(lambda: desk.beta.threads.messages.create(made.id, role="user", content="x"), 404, words)


@pytest.mark.parametrize("text", ["ünïcode\nand 日本", "x" * 10_000, "  kept as it is  "])
def test_a_text_stays_as_it_is(desk: Desk, text: str) -> None:
    thread, other = desk.thread(), desk.thread()
    made = desk.beta.threads.messages.create(thread.id, role="user", content=text, metadata={"k": "v"})
    assert (made.role, made.thread_id, made.run_id, made.assistant_id) == ("user", thread.id, None, None)
    assert made.content[0].text.value == text
    seen = desk.beta.threads.messages.retrieve(made.id, thread_id=thread.id)
    assert seen.to_dict() == made.to_dict()
    assert seen.metadata == {"k": "v"}
    assert desk.texts(other.id) == []


def test_messages_are_listed_both_ways_page_by_page(desk: Desk) -> None:
    thread, other = desk.thread(), desk.thread("elsewhere")
    made = [desk.beta.threads.messages.create(thread.id, role="user", content=str(n)).id for n in range(3)]
    desk.beta.threads.messages.create(other.id, role="user", content="elsewhere too")
    assert [one.id for one in desk.beta.threads.messages.list(thread.id)] == made[::-1]
    assert [one.id for one in desk.beta.threads.messages.list(thread.id, limit=1)] == made[::-1]
    assert desk.texts(thread.id) == ["0", "1", "2"]
    page = desk.beta.threads.messages.list(thread.id, limit=1, after=made[2])
    assert ([one.id for one in page.data], page.has_more) == ([made[1]], True)


def test_a_message_is_changed_and_deleted(desk: Desk) -> None:
    thread = desk.thread("one", "two")
    (newest, oldest) = list(desk.beta.threads.messages.list(thread.id))
    changed = desk.beta.threads.messages.update(oldest.id, thread_id=thread.id, metadata={"k": "v"})
    assert changed.metadata == {"k": "v"}
    assert desk.beta.threads.messages.retrieve(oldest.id, thread_id=thread.id).metadata == {"k": "v"}
    gone = desk.beta.threads.messages.delete(newest.id, thread_id=thread.id)
    assert (gone.id, gone.object, gone.deleted) == (newest.id, "thread.message.deleted", True)
    words = f"No message found with id '{newest.id}'."
    refused(lambda: desk.beta.threads.messages.retrieve(newest.id, thread_id=thread.id), 404, words)
    refused(lambda: desk.beta.threads.messages.delete(newest.id, thread_id=thread.id), 404, words)
    assert desk.texts(thread.id) == ["one"]


def test_a_message_belongs_to_its_thread(desk: Desk) -> None:
    thread, other = desk.thread("mine"), desk.thread()
    (message,) = list(desk.beta.threads.messages.list(thread.id))
    words = f"No message found with id '{message.id}'."
    refused(lambda: desk.beta.threads.messages.retrieve(message.id, thread_id=other.id), 404, words)


def test_pictures_are_shown_as_they_were_sent(desk: Desk) -> None:
    file_id = desk.sdk.files.create(file=("x.png", b"\x89PNG..."), purpose="vision").id
    content: list[Any] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://test.openai.com/image.png"}},
        {"type": "image_file", "image_file": {"file_id": file_id, "detail": "low"}},
    ]
    made = desk.beta.threads.messages.create(desk.thread().id, role="user", content=content).to_dict()
    assert made["content"] == [
        {"type": "text", "text": {"value": "What is this?", "annotations": []}},
        {"type": "image_url", "image_url": {"url": "https://test.openai.com/image.png", "detail": "auto"}},
        {"type": "image_file", "image_file": {"file_id": file_id, "detail": "low"}},
    ]


REFUSED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "a role": (
        {"role": "system"},
        "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
        "invalid_value",
    ),
    "nothing": ({"content": ""}, "Message content must be non-empty.", None),
    "no parts": ({"content": []}, "Message content must be non-empty.", None),
    "a file": ({"attachments": [{"file_id": "file-none", "tools": []}]}, "No file found with id 'file-none'.", None),
    "a picture": (
        {"content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]},
        "Invalid 'content[0].image_url.url'. Expected a valid URL, but got a value with an invalid format.",
        "invalid_value",
    ),
}


@pytest.mark.parametrize(("body", "message", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_refused_in_words(desk: Desk, body: dict[str, Any], message: str, code: str | None) -> None:
    thread = desk.thread()
    whole = {"role": "user", "content": "x", **body}
    refused(
        lambda: desk.beta.threads.messages.create(thread.id, **whole), 404 if "found" in message else 400, message, code
    )
    assert desk.texts(thread.id) == []


def test_a_thread_with_something_wrong_is_not_made(desk: Desk) -> None:
    with pytest.raises(openai.BadRequestError, match=r"messages\[1\]\.role|Supported values"):
        desk.beta.threads.create(messages=[{"role": "user", "content": "a"}, {"role": "system", "content": "b"}])
    with pytest.raises(openai.BadRequestError, match="too many properties"):
        desk.beta.threads.create(metadata={str(n): "v" for n in range(17)})
    assert "OpenAI" not in desk.tenant.inventory()


def test_an_attached_file_goes_to_its_thread(desk: Desk) -> None:
    file_id = desk.upload("table.txt", "a,b")
    thread = desk.thread()
    attached: list[Any] = [{"file_id": file_id, "tools": [{"type": "file_search"}, {"type": "code_interpreter"}]}]
    made = desk.beta.threads.messages.create(thread.id, role="user", content="Look.", attachments=attached)
    assert made.to_dict()["attachments"] == attached
    held = desk.beta.threads.retrieve(thread.id).tool_resources
    assert held.code_interpreter.file_ids == [file_id]
    (store_id,) = held.file_search.vector_store_ids
    store = desk.sdk.vector_stores.retrieve(store_id)
    assert (store.expires_after.days, store.file_counts.total) == (7, 1)  # type: ignore[union-attr]
    other = desk.upload("more.txt", "more")
    desk.beta.threads.messages.create(
        thread.id, role="user", content="More.", attachments=[{"file_id": other, "tools": [{"type": "file_search"}]}]
    )
    assert desk.sdk.vector_stores.retrieve(store_id).file_counts.total == 2
    desk.tenant.advance(4 * DAY)
    assert desk.sdk.vector_stores.retrieve(store_id).status == "completed"
