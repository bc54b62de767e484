"""The deviations of batches: each misbehaves in its one way at every provider that it is for, and says that it fired."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.batches import CHAT, FOUR_OF_TEN, MODEL, chat, jsonl
from tests.simulator.provider_files import FilesOf

DAY = 86_400
TEN = tuple(f"r{number}" for number in range(10))
OPENAI, ANTHROPIC, GEMINI, GEMINI_FILE = "OpenAI", "Anthropic", "Gemini", "Gemini, by a file"
PLACES = (OPENAI, ANTHROPIC, GEMINI, GEMINI_FILE)
ALL = ["OpenAI", "Anthropic", "Gemini"]
CREATE, GET, LIST, CANCEL = "batches.create", "batches.get", "batches.list", "batches.cancel"
READS = ["batches.results", "files.content", "files.media", GET, LIST]
TABLE = {
    "batch.accepts_oversize": ([CREATE], ["OpenAI"]),
    "batch.accepts_bad_custom_id": ([CREATE], ["Anthropic"]),
    "batch.counts_disagree_with_files": ([CREATE, GET, LIST, CANCEL], ALL),
    "batch.progress_goes_back": ([GET, LIST], ["OpenAI"]),
    "batch.total_changes": ([GET, LIST], ["OpenAI", "Anthropic"]),
    "batch.cancel_leaves_running": ([CANCEL], ALL),
    "batch.cancel_loses_finished": (READS, ALL),
    "batch.never_expires": ([CREATE, GET, LIST, CANCEL], ALL),
    "batch.usage_missing": (READS, ALL),
    "batch.output_shuffled_breaks_match": (READS, ALL),
    "batch.output_line_missing": (READS, ALL),
}
every_place = pytest.mark.parametrize("place", PLACES)


class Result(NamedTuple):
    """One result: the id, what kind it is of, what was said and whether there is a usage with it."""

    id: str
    kind: str
    text: str | None = None
    has_usage: bool = False


class Desk:
    """One provider's batches under a deviation."""

    def __init__(self, account: Account, place: str, http: httpx.Client) -> None:
        self.account = account
        self.place = place
        self.http = http

    def begin(self, ids: Sequence[str], bad: Sequence[str] = ()) -> str:
        return str(self.post(ids, bad).raise_for_status().json()["id" if self.place in (OPENAI, ANTHROPIC) else "name"])

    def post(self, ids: Sequence[str], bad: Sequence[str] = ()) -> httpx.Response:
        """A new batch; those of `bad` fail."""
        if self.place == OPENAI:
            lines = [chat(one, body={"max_completion_tokens": -1} if one in bad else {}) for one in ids]
            upload = {"file": ("input.jsonl", jsonl(lines)), "purpose": (None, "batch")}
            file = self.http.post("/v1/files", files=upload).raise_for_status().json()["id"]  # type: ignore[arg-type]
            asked = {"input_file_id": file, "endpoint": CHAT, "completion_window": "24h"}
            return self.http.post("/v1/batches", json=asked)
        if self.place == ANTHROPIC:
            requests = [
                {
                    "custom_id": one,
                    "params": {
                        "model": "claude-haiku-5-5",
                        "max_tokens": -1 if one in bad else 64,
                        "messages": [{"role": "user", "content": f"Answer exactly: this is {one}"}],
                    },
                }
                for one in ids
            ]
            return self.http.post("/v1/messages/batches", json={"requests": requests})
        requests = [
            {
                "request": {
                    "contents": [{"role": "user", "parts": [{"text": f"Answer exactly: this is {one}"}]}],
                    "generationConfig": {"maxOutputTokens": -1 if one in bad else 64},
                },
                **({"metadata": {"key": one}} if self.place == GEMINI else {"key": one}),
            }
            for one in ids
        ]
        config: dict[str, Any] = {"requests": {"requests": requests}}
        if self.place == GEMINI_FILE:
            stored = FilesOf(GEMINI, self.http).store("input.jsonl", jsonl(requests), "application/jsonl")
            config = {"fileName": stored.id}
        path = "/v1beta/models/gemini-3.5-flash-lite:batchGenerateContent"
        return self.http.post(path, json={"batch": {"inputConfig": config}})

    def _path(self, batch: str) -> str:
        before = {OPENAI: "/v1/batches/", ANTHROPIC: "/v1/messages/batches/"}
        return before.get(self.place, "/v1beta/") + batch

    def get(self, batch: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(self._path(batch)).raise_for_status().json()
        return found

    def listed(self) -> list[dict[str, Any]]:
        """All batches, as a list tells them."""
        path = {OPENAI: "/v1/batches", ANTHROPIC: "/v1/messages/batches"}.get(self.place, "/v1beta/batches")
        body = self.http.get(path).raise_for_status().json()
        records: list[dict[str, Any]] = body.get("data", body.get("operations"))
        return records

    def status(self, batch: str) -> str:
        found = self.get(batch)
        if self.place in (GEMINI, GEMINI_FILE):
            return str(found["metadata"]["state"]).removeprefix("BATCH_STATE_").lower()
        return str(found["status" if self.place == OPENAI else "processing_status"])

    def counts(self, batch: str) -> dict[str, int]:
        """As they are told, without zeros."""
        found = self.get(batch)
        told = found["metadata"]["batchStats"] if self.place in (GEMINI, GEMINI_FILE) else found["request_counts"]
        return {name: int(count) for name, count in told.items() if int(count)}

    def cancel(self, batch: str) -> httpx.Response:
        colon = ":" if self.place in (GEMINI, GEMINI_FILE) else "/"
        return self.http.post(f"{self._path(batch)}{colon}cancel", json={})

    def results(self, batch: str) -> list[Result]:
        """In the order in which they are told; the refusals of OpenAI last."""
        if self.place == OPENAI:
            found = self.get(batch)
            ids = [found["output_file_id"], found["error_file_id"]]
            return [_openai(line) for id_ in ids if id_ is not None for line in self._lines(f"/v1/files/{id_}/content")]
        if self.place == ANTHROPIC:
            return [_anthropic(line) for line in self._lines(f"{self._path(batch)}/results")]
        output = self.get(batch)["metadata"]["output"]
        if self.place == GEMINI:
            return [_gemini(told) for told in output["inlinedResponses"]["inlinedResponses"]]
        name = output["responsesFile"]
        return [_gemini(line) for line in self._lines(f"/download/v1beta/{name}:download?alt=media")]

    def _lines(self, path: str) -> list[Any]:
        return [json.loads(line) for line in self.http.get(path).raise_for_status().text.splitlines()]


def _openai(line: Any) -> Result:
    if line["response"] is None:
        return Result(line["custom_id"], "unfinished")
    body = line["response"]["body"]
    if "error" in body:
        return Result(line["custom_id"], "failed")
    return Result(line["custom_id"], "done", body["choices"][0]["message"]["content"], "usage" in body)


def _anthropic(line: Any) -> Result:
    kind, message = line["result"]["type"], line["result"].get("message", {})
    if kind != "succeeded":
        return Result(line["custom_id"], "failed" if kind == "errored" else "unfinished")
    return Result(line["custom_id"], "done", message["content"][0]["text"], "usage" in message)


def _gemini(told: Any) -> Result:
    id_ = told["key"] if "key" in told else told["metadata"]["key"]
    if "error" in told:
        return Result(id_, "unfinished" if told["error"]["code"] == 1 else "failed")
    text = told["response"]["candidates"][0]["content"]["parts"][0]["text"]
    return Result(id_, "done", text, "usageMetadata" in told["response"])


def done(*ids: str) -> set[Result]:
    """What honest results are."""
    return {Result(one, "done", f"this is {one}", True) for one in ids}


At = Callable[..., Desk]


@pytest.fixture
def at(open_tenant: Callable[..., Account]) -> Iterator[At]:
    """`at(place, deviation, ...)`: a new tenant's batches."""
    with ExitStack() as stack:

        def make(place: str, name: str | None, **wanted: Any) -> Desk:
            account = open_tenant(deviation=name, **wanted)
            return Desk(account, place, stack.enter_context(account.client(place.partition(",")[0])))

        yield make


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = plane.get("/_simulator/deviations").json()
    ours = {one["name"]: one for one in listed if one["name"].startswith("batch.")}
    assert {name: (one["operations"], one["providers"]) for name, one in ours.items()} == TABLE
    assert all(one["description"].endswith(".") for one in ours.values())


@every_place
@pytest.mark.parametrize("name", [None, *TABLE])
def test_a_batch_like_any_other_ends_all_the_same(at: At, place: str, name: str | None) -> None:
    """One that is not about results, read once and not cancelled, of good requests; and a refusal stays one."""
    desk = at(place, name)
    batch = desk.begin("ab")
    desk.account.advance(80)
    told = desk.results(batch)
    if name in ("batch.usage_missing", "batch.output_shuffled_breaks_match", "batch.output_line_missing"):
        assert (set(told) == done("a", "b"), desk.account.fired()) == (False, 1)
    else:
        assert (set(told), len(told), desk.account.fired()) == (done("a", "b"), 2, 0)
    before = desk.account.fired()
    assert desk.cancel("batches/none" if place.startswith(GEMINI) else "none").status_code == 404
    assert desk.http.get("/v1beta/models" if place.startswith(GEMINI) else "/v1/models").is_success
    assert desk.account.fired() == before


@pytest.mark.parametrize("place", [OPENAI, ANTHROPIC, GEMINI_FILE])
def test_results_are_told_in_another_order_than_the_requests(at: At, place: str) -> None:
    desk = at(place, None)
    batch = desk.begin(TEN)
    desk.account.advance(80)
    told = [result.id for result in desk.results(batch)]
    assert (sorted(told), told == list(TEN)) == (list(TEN), False)
    assert [result.id for result in desk.results(batch)] == told


@every_place
def test_of_ten_requests_four_are_done_after_two_fifths_of_the_time(at: At, place: str) -> None:
    desk = at(place, None, durations=FOUR_OF_TEN)
    batch = desk.begin(TEN)
    desk.account.advance(20)
    assert desk.cancel(batch).status_code == 200
    desk.account.advance(40)
    assert set(desk.results(batch)) == done(*TEN[:4]) | {Result(one, "unfinished") for one in TEN[4:]}


# Making one -------------------------------------------------------------------------------------------------------------


def test_accepts_oversize(at: At) -> None:
    desk = at(OPENAI, "batch.accepts_oversize", limits={"batches.requests": 3})

    def taken(ids: str) -> bool:
        answer = desk.post(ids)
        desk.account.advance(5)
        found = desk.get(answer.raise_for_status().json()["id"])
        codes = [error["code"] for error in (found["errors"] or {"data": []})["data"]]
        assert codes in ([], ["too_many_tasks"])
        return not codes

    assert (taken("abc"), desk.account.fired()) == (True, 0)
    assert (taken("abcd"), desk.account.fired()) == (True, 1)
    assert (taken("abcde"), desk.account.fired()) == (False, 1)
    desk.account.deviate(None)
    assert (taken("abc"), taken("abcd")) == (True, False)


def test_accepts_bad_custom_id(at: At) -> None:
    desk = at(ANTHROPIC, "batch.accepts_bad_custom_id")
    assert desk.post(["a_b-C9"]).is_success
    for wrong in ("", "x" * 65, "ä", "a\tb"):
        assert desk.post([wrong]).status_code == 400
    assert desk.account.fired() == 0
    batch = desk.begin(["a b"])
    assert desk.account.fired() == 1
    desk.account.advance(60)
    assert set(desk.results(batch)) == done("a b")
    desk.account.deviate(None)
    assert desk.post(["a b"]).status_code == 400


# Counting ---------------------------------------------------------------------------------------------------------------


@every_place
def test_counts_disagree_with_files(at: At, place: str) -> None:
    desk = at(place, "batch.counts_disagree_with_files")
    batch = desk.begin(["a", "b", "bad", "c"], bad=["bad"])
    desk.account.advance(80)
    told = desk.counts(batch)
    assert desk.account.fired() == 1
    assert set(desk.results(batch)) == {*done("a", "b", "c"), Result("bad", "failed")}
    name = {OPENAI: "completed", ANTHROPIC: "succeeded"}.get(place, "successfulRequestCount")
    assert (told[name], sum(told.values())) == (4, 4 if place == ANTHROPIC else 8)
    fired = desk.account.fired()
    (listed,) = desk.listed()
    assert "4" in json.dumps(listed.get("request_counts") or listed["metadata"]["batchStats"])
    assert desk.account.fired() == fired + 1
    desk.account.deviate(None)
    assert desk.counts(batch)[name] == 3


def test_progress_goes_back(at: At) -> None:
    desk = at(OPENAI, "batch.progress_goes_back")
    batch = desk.begin(TEN)
    seen = []
    for _ in range(7):
        desk.account.advance(10)
        seen.append(desk.counts(batch).get("completed", 0))
    assert (seen, desk.account.fired()) == ([0, 2, 1, 5, 4, 9, 10], 2)
    assert (desk.listed()[0]["request_counts"]["completed"], desk.account.fired()) == (10, 2)


@pytest.mark.parametrize("place", [OPENAI, ANTHROPIC])
def test_total_changes(at: At, place: str) -> None:
    desk = at(place, "batch.total_changes")
    batch = desk.begin(TEN)

    def total() -> int:
        told = desk.counts(batch)
        return told.get("total", 0) if place == OPENAI else sum(told.values())

    assert place == ANTHROPIC or total() == 0
    assert desk.account.fired() == 0
    desk.account.advance(10)
    assert ([total(), total(), total()], desk.account.fired()) == ([10, 11, 10], 1)
    desk.account.advance(80)
    assert ([total(), total()], desk.account.fired()) == ([11, 10], 2)
    assert set(desk.results(batch)) == done(*TEN)


# Ending -----------------------------------------------------------------------------------------------------------------


@every_place
def test_cancel_leaves_running(at: At, place: str) -> None:
    desk = at(place, "batch.cancel_leaves_running", durations=FOUR_OF_TEN)
    batch = desk.begin(TEN)
    desk.account.advance(20)
    assert (desk.cancel(batch).status_code, desk.account.fired()) == (200, 1)
    desk.account.advance(20)
    assert desk.status(batch) == ("running" if place.startswith(GEMINI) else "in_progress")
    desk.account.advance(20)
    assert desk.status(batch) == {OPENAI: "completed", ANTHROPIC: "ended"}.get(place, "succeeded")
    assert set(desk.results(batch)) == done(*TEN)
    assert desk.cancel(batch).status_code in (400, 409)
    assert desk.account.fired() == 1


@every_place
def test_cancel_loses_finished(at: At, place: str) -> None:
    desk = at(place, "batch.cancel_loses_finished", durations=FOUR_OF_TEN)
    batch = desk.begin(TEN, bad=["r1"])
    desk.account.advance(20)
    desk.cancel(batch).raise_for_status()
    desk.account.advance(10)
    assert desk.account.fired() == 0
    assert set(desk.results(batch)) == {Result(one, "unfinished") for one in TEN[4:]}
    assert desk.account.fired() > 0
    told = desk.counts(batch)
    done_ = {OPENAI: "completed", ANTHROPIC: "succeeded"}.get(place, "successfulRequestCount")
    assert told[done_] == 3
    desk.account.deviate(None)
    assert {result.id for result in desk.results(batch) if result.kind == "done"} == {"r0", "r2", "r3"}


@every_place
def test_never_expires(at: At, place: str) -> None:
    desk = at(place, "batch.never_expires", durations={"batches.validating": 0, "batches.running": 8.0 * DAY})
    batch, days = desk.begin("abcd"), 2 if place.startswith(GEMINI) else 1
    working = "running" if place.startswith(GEMINI) else "in_progress"
    desk.account.advance(days * DAY - 1)
    assert (desk.status(batch), desk.account.fired()) == (working, 0)
    told = desk.get(batch)
    desk.account.advance(1)
    assert (desk.status(batch), desk.account.fired()) == (working, 1)
    desk.http.get("/v1beta/files" if place.startswith(GEMINI) else "/v1/files").raise_for_status()
    desk.account.advance(2 * DAY)
    assert (desk.get(batch), desk.listed()) == (told, [told])
    other = desk.begin("ab")
    assert desk.cancel(other).status_code == 200
    desk.account.advance(60)
    assert desk.status(other) == {ANTHROPIC: "ended"}.get(place, "cancelled")
    assert desk.account.fired() == 1
    desk.account.deviate(None)
    late = desk.begin("ab")
    desk.account.advance(days * DAY)
    assert desk.status(late) == {ANTHROPIC: "ended"}.get(place, "expired")


# Results ----------------------------------------------------------------------------------------------------------------


@every_place
def test_usage_missing(at: At, place: str) -> None:
    desk = at(place, "batch.usage_missing")
    batch = desk.begin(["a", "bad", "b"], bad=["bad"])
    desk.account.advance(80)
    expected = {result._replace(has_usage=False) for result in done("a", "b")} | {Result("bad", "failed")}
    assert (set(desk.results(batch)), desk.account.fired()) == (expected, 1)
    if place == OPENAI:
        assert desk.get(batch)["usage"]["total_tokens"] > 0


@every_place
def test_output_shuffled_breaks_match(at: At, place: str) -> None:
    desk = at(place, "batch.output_shuffled_breaks_match")
    batch = desk.begin(["a", "bad", "b"], bad=["bad"])
    desk.account.advance(80)
    told = desk.results(batch)
    wrong = {Result("a", "done", "this is b", True), Result("b", "done", "this is a", True)}
    assert (set(told), len(told), desk.account.fired()) == ({*wrong, Result("bad", "failed")}, 3, 1)
    assert desk.results(batch) == told
    alone = desk.begin("c")
    desk.account.advance(80)
    fired = desk.account.fired()
    assert (set(desk.results(alone)), desk.account.fired()) == (done("c"), fired)


@every_place
def test_output_line_missing(at: At, place: str) -> None:
    desk = at(place, "batch.output_line_missing")
    batch = desk.begin(["a", "bad", "b"], bad=["bad"])
    desk.account.advance(80)
    told = desk.results(batch)
    assert Result("bad", "failed") in told
    assert (len(told), len(done("a", "b") & set(told)), desk.account.fired()) == (2, 1, 1)
    name = {OPENAI: "completed", ANTHROPIC: "succeeded"}.get(place, "successfulRequestCount")
    assert desk.counts(batch)[name] == 2


def test_inline_results_stand_twice_in_a_record_and_are_changed_in_both(at: At) -> None:
    desk = at(GEMINI, "batch.output_line_missing")
    batch = desk.begin("ab")
    desk.account.advance(80)
    for record in (desk.get(batch), *desk.listed()):
        told, again = record["metadata"]["output"], record["response"]["inlinedResponses"]
        assert told["inlinedResponses"] == again
        assert [one["metadata"]["key"] for one in again["inlinedResponses"]] == ["b"]
    assert desk.account.fired() == 2


@pytest.mark.parametrize("name", ["batch.usage_missing", "batch.output_line_missing", "batch.cancel_loses_finished"])
def test_other_files_are_left_alone(at: At, name: str) -> None:
    desk = at(OPENAI, name)
    upload: Any = {"file": ("input.jsonl", jsonl([chat("a")])), "purpose": (None, "batch")}
    file = desk.http.post("/v1/files", files=upload).raise_for_status().json()["id"]
    assert desk.http.get(f"/v1/files/{file}/content").content == jsonl([chat("a")])
    assert MODEL in desk.http.get(f"/v1/files/{file}/content").text
    assert desk.account.fired() == 0
