"""Anthropic's marks: which blocks carry `cache_control`, for how long, and what is refused by name."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import InvalidRequest
from support.gateway.anthropic.marks import mark
from support.gateway.anthropic.messages import conversation
from support.values import CacheMarks, FileReference, Message, Provider

FIVE_MINUTES = {"type": "ephemeral", "ttl": "5m"}


def turns(count: int) -> list[Message]:
    """A conversation of so many messages, which begins and ends as it does."""
    return [Message(role="assistant" if number % 2 else "user", text=f"turn {number}") for number in range(count)]


def marked(messages: list[Message], marks: CacheMarks, system: str | None = "Be brief.") -> dict[str, Any]:
    arguments = conversation(messages, system)
    mark(arguments, marks)
    return arguments


def places(arguments: dict[str, Any]) -> list[str]:
    """Where there is a mark: `system`, or `MESSAGE.BLOCK`."""
    found = []
    if isinstance(arguments.get("system"), list):
        found += ["system" for block in arguments["system"] if "cache_control" in block]
    for number, message in enumerate(arguments["messages"]):
        if isinstance(message["content"], list):
            found += [f"{number}.{at}" for at, block in enumerate(message["content"]) if "cache_control" in block]
    return found


def texts(arguments: dict[str, Any]) -> list[str]:
    """What is said, whatever form it has."""
    said = [message["content"] for message in arguments["messages"]]
    return [part if isinstance(part, str) else part[-1]["text"] for part in said]


def test_usually_the_system_prompt_and_the_newest_message_are_marked() -> None:
    arguments = marked(turns(3), CacheMarks())
    assert arguments["system"] == [{"type": "text", "text": "Be brief.", "cache_control": FIVE_MINUTES}]
    assert arguments["messages"] == [
        {"role": "user", "content": "turn 0"},
        {"role": "assistant", "content": "turn 1"},
        {"role": "user", "content": [{"type": "text", "text": "turn 2", "cache_control": FIVE_MINUTES}]},
    ]


@pytest.mark.parametrize(
    ("marks", "system", "expected"),
    [
        (CacheMarks(), None, ["2.0"]),
        (CacheMarks(messages=()), "Be brief.", ["system"]),
        (CacheMarks(system=False), "Be brief.", ["2.0"]),
        (CacheMarks(messages=(0, -1)), "Be brief.", ["system", "0.0", "2.0"]),
        (CacheMarks(messages=(2, -1, -3)), None, ["0.0", "2.0"]),
    ],
)
def test_marks_are_where_they_were_asked_for(marks: CacheMarks, system: str | None, expected: list[str]) -> None:
    arguments = marked(turns(3), marks, system)
    assert places(arguments) == expected
    assert texts(arguments) == ["turn 0", "turn 1", "turn 2"]


def test_of_a_message_with_files_the_last_block_is_marked_and_no_other() -> None:
    asked = Message(role="user", text="Compare them.", files=(FileReference(file_id="f1"), FileReference(file_id="f2")))
    arguments = marked([asked], CacheMarks(system=False))
    assert places(arguments) == ["0.2"]
    assert [block["type"] for block in arguments["messages"][0]["content"]] == ["document", "document", "text"]


@pytest.mark.parametrize(("lifetime", "spelled"), [(timedelta(minutes=5), "5m"), (timedelta(hours=1), "1h")])
def test_each_mark_says_for_how_long(lifetime: timedelta, spelled: str) -> None:
    arguments = marked(turns(2), CacheMarks(lifetime=lifetime))
    last = arguments["messages"][-1]["content"][-1]
    assert arguments["system"][0]["cache_control"] == last["cache_control"] == {"type": "ephemeral", "ttl": spelled}


@pytest.mark.parametrize("lifetime", [timedelta(), timedelta(seconds=-300), timedelta(hours=2), timedelta(seconds=301)])
def test_another_lifetime_is_refused_by_name(lifetime: timedelta) -> None:
    with pytest.raises(InvalidRequest) as refused:
        marked(turns(1), CacheMarks(lifetime=lifetime))
    assert (refused.value.param, refused.value.provider, refused.value.status) == ("ttl", Provider.ANTHROPIC, None)


@pytest.mark.parametrize(
    ("marks", "system"),
    [
        (CacheMarks(system=False, messages=tuple(range(5))), "Be brief."),
        (CacheMarks(messages=tuple(range(4))), "Be brief."),
        (CacheMarks(messages=tuple(range(5))), None),
    ],
)
def test_a_fifth_mark_is_refused_by_name(marks: CacheMarks, system: str | None) -> None:
    with pytest.raises(InvalidRequest, match="at most 4 places can be marked, not 5") as refused:
        marked(turns(6), marks, system)
    assert refused.value.param == "cache_control"


@pytest.mark.parametrize("number", [4, -5])
def test_a_mark_on_a_message_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(InvalidRequest, match=f"there is no message {number} to mark: the question has 4"):
        marked(turns(4), CacheMarks(messages=(number,)))


def test_four_marks_are_taken_and_one_place_named_twice_is_one() -> None:
    four = CacheMarks(messages=(0, 1, -1))
    assert places(marked(turns(4), four)) == ["system", "0.0", "1.0", "3.0"]
    assert places(marked(turns(4), CacheMarks(messages=(0, -4, 1, -3, -1, 3)))) == ["system", "0.0", "1.0", "3.0"]


@given(count=st.integers(1, 6), in_system=st.booleans(), data=st.data())
def test_a_mark_changes_nothing_of_what_is_said(count: int, in_system: bool, data: st.DataObject) -> None:
    numbers = tuple(data.draw(st.lists(st.integers(-count, count - 1), max_size=3)))
    arguments = marked(turns(count), CacheMarks(system=in_system, messages=numbers))
    assert texts(arguments) == [message.text for message in turns(count)]
    there = {number % count for number in numbers}
    assert places(arguments) == ["system"] * in_system + [f"{number}.0" for number in sorted(there)]
