"""Operators of deviations, each around a handler of a few lines: what it changes, what it leaves alone, and when it says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.simulator.deviations import operators as do
from support.simulator.deviations import paging
from support.simulator.deviations.operators import Memory, Operator
from support.simulator.wire import Answer, Call, Handler, Refusal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXPIRES = {"Gemini": "expires"}


@dataclass
class Shelf:
    """A provider's state: things by name, and how often anything was asked."""

    things: dict[str, Any] = field(default_factory=dict)
    asked: int = 0


def call(operation: str = "create", provider: str = "Gemini", **other: Any) -> Call:
    plain = Call(provider, operation, "POST", "/v1/things", {}, {}, {}, {}, NOON, "tenant-1", "http://x", {})
    return replace(plain, **other)


class Bench:
    """An operator around a handler, with its memory and the state."""

    def __init__(self, operator: Operator, handler: Handler) -> None:
        self.memory, self.shelf = Memory(), Shelf()
        self._operator, self._handler = operator, handler

    def ask(self, operation: str = "create", **other: Any) -> Answer:
        return self._operator(self.memory, self.shelf, call(operation, **other), self._handler)

    @property
    def fired(self) -> int:
        return self.memory.fired


def refusal(status: int = 400) -> Refusal:
    return Refusal(Answer(status, {"error": "no"}))


def echo(shelf: Shelf, asked: Call) -> Answer:
    """Answers its body, and remembers it."""
    shelf.asked += 1
    shelf.things[f"thing-{shelf.asked}"] = asked.body
    return Answer(200, {"heard": asked.body})


def picky(shelf: Shelf, asked: Call) -> Answer:
    """Refuses anything that is not large, and keeps what is."""
    if asked.body.get("size", 0) < 10:
        raise refusal()
    shelf.things[asked.body["name"]] = asked.body["size"]
    return Answer(200, {"name": asked.body["name"], "size": asked.body["size"]})


# Requests that are read otherwise ---------------------------------------------------------------------------------------


def test_a_key_of_the_body_is_ignored_as_a_parameter_is() -> None:
    bench = Bench(do.ignore_parameter("ttl"), echo)
    assert bench.ask(body={"ttl": "600s", "model": "m"}).body == {"heard": {"model": "m"}}
    assert bench.fired == 1
    assert bench.ask(body={"model": "m", "inner": {"ttl": "600s"}}).body == {
        "heard": {"model": "m", "inner": {"ttl": "600s"}}
    }
    assert bench.fired == 1


def test_another_body_is_taken_instead() -> None:
    bench = Bench(do.replace_body(lambda provider, body: {key: body[key] for key in body if key != "mark"}), echo)
    assert bench.ask(body={"mark": 1, "text": "a"}).body == {"heard": {"text": "a"}}
    assert bench.fired == 1
    assert bench.ask(body={"text": "a"}).body == {"heard": {"text": "a"}}
    assert bench.fired == 1


def test_the_change_works_on_a_copy_of_the_body() -> None:
    def emptied(provider: str, body: dict[str, Any]) -> dict[str, Any]:
        body["contents"].clear()
        return body

    sent = {"contents": ["a"]}
    Bench(do.replace_body(emptied), echo).ask(body=sent)
    assert sent == {"contents": ["a"]}


# Answers that are told otherwise ----------------------------------------------------------------------------------------


def test_an_answer_is_changed_on_a_copy() -> None:
    kept = {"count": 7}

    def zero(provider: str, body: dict[str, Any], asked: Call) -> None:
        body["count"] = 0

    bench = Bench(do.change_answer(zero), lambda shelf, asked: Answer(200, kept))
    assert bench.ask().body == {"count": 0}
    assert (kept, bench.fired) == ({"count": 7}, 1)


def test_an_answer_that_is_as_it_would_be_does_not_count() -> None:
    def zero(provider: str, body: dict[str, Any], asked: Call) -> None:
        if provider == "Gemini":
            body["count"] = 0

    bench = Bench(do.change_answer(zero), lambda shelf, asked: Answer(200, {"count": 0}))
    bench.ask()
    bench.ask(provider="OpenAI")
    assert bench.fired == 0


@pytest.mark.parametrize("body", [None, b"bytes", ["a list"]])
def test_an_answer_of_another_form_is_left_alone(body: Any) -> None:
    def never(provider: str, body: Any, asked: Call) -> None:
        raise AssertionError("there is nothing to change")

    bench = Bench(do.change_answer(never), lambda shelf, asked: Answer(200, body))
    assert bench.ask().body == body


def test_from_the_nth_call_of_each_provider_on() -> None:
    def spoil(provider: str, body: dict[str, Any], asked: Call) -> None:
        body["spoilt"] = True

    bench = Bench(do.from_nth(3, do.change_answer(spoil)), lambda shelf, asked: Answer(200, {}))
    told = [bench.ask(provider=name).body for name in ("Gemini", "Gemini", "OpenAI", "Gemini", "Gemini", "OpenAI")]
    assert told == [{}, {}, {}, {"spoilt": True}, {"spoilt": True}, {}]
    assert bench.fired == 2


# Refusals ---------------------------------------------------------------------------------------------------------------


def larger(provider: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "size": 10} if "size" in body else body


def test_what_is_refused_is_taken_all_the_same() -> None:
    bench = Bench(do.where_refused(larger), picky)
    assert bench.ask(body={"name": "a", "size": 3}).body == {"name": "a", "size": 10}
    assert (bench.shelf.things, bench.fired) == ({"a": 10}, 1)
    assert bench.ask(body={"name": "b", "size": 30}).body["size"] == 30
    assert bench.fired == 1


def test_what_is_refused_is_done_and_still_refused() -> None:
    bench = Bench(do.where_refused(larger, still_refuse=True), picky)
    with pytest.raises(Refusal):
        bench.ask(body={"name": "a", "size": 3})
    assert (bench.shelf.things, bench.fired) == ({"a": 10}, 1)


def test_a_refusal_that_the_change_does_not_touch_stays_one() -> None:
    bench = Bench(do.where_refused(larger), picky)
    with pytest.raises(Refusal):
        bench.ask(body={"name": "a"})
    assert (bench.shelf.things, bench.fired) == ({}, 0)


def test_a_refusal_that_the_change_does_not_mend_stays_one() -> None:
    bench = Bench(do.where_refused(lambda provider, body: {**body, "size": 9}), picky)
    with pytest.raises(Refusal):
        bench.ask(body={"name": "a", "size": 3})
    assert bench.fired == 0


def test_what_is_right_is_refused_and_not_done() -> None:
    bench = Bench(
        do.refuse_where(lambda body: body["size"] == 10, lambda body: (400, {"too small": body["size"]})), picky
    )
    assert bench.ask(body={"name": "a", "size": 10}) == Answer(400, {"too small": 10})
    assert (bench.shelf.things, bench.fired) == ({}, 1)
    assert bench.ask(body={"name": "b", "size": 11}).status == 200
    assert (bench.shelf.things, bench.fired) == ({"b": 11}, 1)
    with pytest.raises(Refusal):
        bench.ask(body={"name": "c", "size": 1})
    assert bench.fired == 1


# Effects that are lost --------------------------------------------------------------------------------------------------


def test_an_effect_is_lost_where_the_answer_is_one_of_these() -> None:
    bench = Bench(do.lose_effect(lambda body: body["size"] > 50), picky)
    bench.ask(body={"name": "small", "size": 20})
    assert bench.ask(body={"name": "large", "size": 90}).body == {"name": "large", "size": 90}
    assert (bench.shelf.things, bench.fired) == ({"small": 20}, 1)


def test_an_effect_that_is_not_lost_happens_once() -> None:
    bench = Bench(do.lose_effect(lambda body: False), echo)
    bench.ask(body={"a": 1})
    assert bench.shelf.asked == 1


def lives(shelf: Shelf, asked: Call) -> Answer:
    """A thing with an end; `update` changes it, `get` tells it."""
    if asked.operation != "get":
        shelf.things["t"] = asked.body["expires"]
    return Answer(200, {"name": "t", "expires": shelf.things["t"]})


def test_a_change_is_acknowledged_with_the_field_as_it_was_and_lost() -> None:
    bench = Bench(do.hold_field(EXPIRES, ("create",), when=lambda old, new: True), lives)
    bench.ask("create", body={"expires": "10:00"})
    assert bench.ask("update", body={"expires": "12:00"}).body == {"name": "t", "expires": "10:00"}
    assert (bench.shelf.things, bench.fired) == ({"t": "10:00"}, 1)
    bench.ask("update", body={"expires": "13:00"})
    assert bench.fired == 2


def test_only_the_changes_that_were_meant_are_lost() -> None:
    bench = Bench(do.hold_field(EXPIRES, ("create",), when=lambda old, new: new < old), lives)
    bench.ask("create", body={"expires": "10:00"})
    assert bench.ask("update", body={"expires": "12:00"}).body["expires"] == "12:00"
    assert (
        bench.ask("update", body={"expires": "11:00"}).body["expires"] == "12:00"
    )  # held at the latest that was taken
    assert bench.ask("update", body={"expires": "14:00"}).body["expires"] == "14:00"
    assert (bench.shelf.things, bench.fired) == ({"t": "14:00"}, 1)


def test_a_thing_that_was_there_before_is_changed_as_asked_the_first_time() -> None:
    bench = Bench(do.hold_field(EXPIRES, ("create",), when=lambda old, new: True), lives)
    assert bench.ask("update", body={"expires": "12:00"}).body["expires"] == "12:00"
    assert bench.fired == 0
    assert bench.ask("update", body={"expires": "13:00"}).body["expires"] == "12:00"
    assert bench.fired == 1


# Other times ------------------------------------------------------------------------------------------------------------


def until(shelf: Shelf, asked: Call) -> Answer:
    """Things that live for ten minutes: made, got and listed."""
    if asked.operation == "create":
        shelf.things[asked.body["name"]] = asked.now + timedelta(minutes=10)
        return Answer(200, {"name": asked.body["name"]})
    there = [name for name, end in shelf.things.items() if asked.now < end]
    if asked.operation == "list":
        return Answer(200, {"data": [{"id": name} for name in there]})
    if asked.params["name"] not in there:
        raise refusal(404)
    return Answer(200, {"name": asked.params["name"]})


def test_what_has_ended_is_still_there_at_the_time_that_was_noted() -> None:
    bench = Bench(do.at_another_time(do.noted, notes=("create",)), until)
    bench.ask("create", body={"name": "a"})
    later = NOON + timedelta(minutes=9)
    assert bench.ask("get", params={"name": "a"}, now=later).status == 200
    assert bench.fired == 0, "it made no difference"
    later = NOON + timedelta(minutes=11)
    assert bench.ask("get", params={"name": "a"}, now=later).status == 200
    assert bench.ask("list", now=later).body == {"data": [{"id": "a"}]}
    assert bench.fired == 2
    with pytest.raises(Refusal):
        bench.ask("get", params={"name": "b"}, now=later)
    assert bench.fired == 2


def test_what_has_not_ended_is_gone_before_its_time() -> None:
    bench = Bench(do.at_another_time(lambda memory, asked: asked.now + timedelta(seconds=30)), until)
    bench.ask("create", body={"name": "a"})
    soon, late = NOON + timedelta(minutes=9), NOON + timedelta(minutes=9, seconds=45)
    assert bench.ask("list", now=soon).body == {"data": [{"id": "a"}]}
    assert bench.fired == 0, "it made no difference"
    assert bench.ask("list", now=late).body == {"data": []}
    assert bench.ask("get", params={"name": "a"}, now=late).status == 404
    assert bench.fired == 2


def test_without_another_time_nothing_changes() -> None:
    bench = Bench(do.at_another_time(do.noted, notes=("create",)), until)
    assert bench.ask("list").body == {"data": []}
    assert bench.fired == 0


def takes(shelf: Shelf, asked: Call) -> Answer:
    shelf.asked += 1
    return Answer(200, {}, seconds=asked.durations.get("slow", 1.0))


def test_other_durations_count_where_they_are_felt() -> None:
    bench = Bench(do.with_durations(lambda durations: {**durations, "slow": 3.0}), takes)
    assert (bench.ask().seconds, bench.fired) == (3.0, 1)
    assert (bench.ask(durations={"slow": 3.0}).seconds, bench.fired) == (3.0, 1)
    assert bench.shelf.asked == 2, "each question was answered once"


# Pages ------------------------------------------------------------------------------------------------------------------


def in_pages(shelf: Shelf, asked: Call) -> Answer:
    """Five caches in Gemini's pages; the cursor is a number."""
    size = int(asked.one("pageSize") or 50)
    first = int(asked.one("pageToken") or 0)
    body: dict[str, Any] = {"cachedContents": [{"name": f"c{number}"} for number in range(first, min(first + size, 5))]}
    if first + size < 5:
        body["nextPageToken"] = str(first + size)
    return Answer(200, body)


def walk(bench: Bench, size: int, most: int) -> list[list[str]]:
    """The names on each page, up to `most` pages."""
    pages: list[list[str]] = []
    query = {"pageSize": [str(size)]}
    while len(pages) < most:
        body = bench.ask("list", query=query).body
        pages.append([item["name"] for item in body["cachedContents"]])
        if "nextPageToken" not in body:
            break
        query = {"pageSize": [str(size)], "pageToken": [body["nextPageToken"]]}
    return pages


def test_the_last_page_leads_back_to_the_first() -> None:
    bench = Bench(paging.loops(paging.CACHES), in_pages)
    assert walk(bench, 2, 7) == [["c0", "c1"], ["c2", "c3"], ["c4"]] * 2 + [["c0", "c1"]]
    assert bench.fired == 2


def test_a_list_on_one_page_has_no_other() -> None:
    bench = Bench(paging.loops(paging.CACHES), in_pages)
    assert walk(bench, 10, 3) == [["c0", "c1", "c2", "c3", "c4"]]
    assert bench.fired == 0


def test_pages_of_caches_overlap() -> None:
    bench = Bench(paging.pages_overlap(paging.CACHES), in_pages)
    names = [name for page in walk(bench, 2, 9) for name in page]
    assert set(names) == {f"c{number}" for number in range(5)}
    assert len(names) == 5 + bench.fired > 5
