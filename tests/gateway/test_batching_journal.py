"""A run's own journal: what it keeps, what it refuses, and a process that is killed between handing over and collecting."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import errors
from support.errors import Conflict, InvalidRequest, InvalidState, RequestTimeout, Retired, ServerError, TouchstoneError
from support.gateway.batching import BatchOutcome, CallerBatch, RunJournal, collected, journal, submit_or_resume
from support.gateway.batching.lines import Digest, item_of, line_of
from support.gateway.clock import WallClock
from support.values import BatchItem, BatchRequest, Provider, ProviderBatch
from tests.gateway.batch_asks import Counterpart, answer, refused, request, requests
from tests.gateway.batch_child import FolderBatches
from tests.gateway.conftest import ROOT

pytestmark = pytest.mark.anyio


async def run(side: Counterpart, path: Path, count: int = 4) -> BatchOutcome:
    with RunJournal(path) as kept:
        return await CallerBatch(side.ask, requests(count), clock=WallClock(), journal=kept).outcome()


def essence(items: Iterable[BatchItem]) -> list[Any]:
    return [(item.id, item.status, item.answer, item.usage, item.cost_usd, item.attempts, item.kind) for item in items]


# The caller's own runs ------------------------------------------------------------------------------------------------


async def test_what_is_finished_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "run.jsonl"
    first = await run(Counterpart(failures={"r1": refused(ServerError, 500, sent=3)}), path)
    side = Counterpart()
    second = await run(side, path, 6)
    assert side.asked == ["r4", "r5"]
    assert essence(second.items[:4]) == essence(first.items)
    assert second.by_kind == {"server_error": 1}
    assert (second.errors[0].attempts, second.errors[0].status) == (3, 500)


async def test_what_never_ended_is_not_in_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RunJournal(path) as kept:
        side = Counterpart()

        def ask(asked: BatchRequest) -> Any:
            if asked.id == "r2":
                batch.cancel()
            return side.ask(asked)

        batch = CallerBatch(ask, requests(4), clock=WallClock(), journal=kept)
        assert len((await batch.outcome()).items) == 4
    side = Counterpart()
    await run(side, path)
    assert side.asked == ["r2", "r3"]


async def test_an_item_is_on_disk_before_it_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RunJournal(path) as kept:
        batch = CallerBatch(Counterpart().ask, requests(3), clock=WallClock(), journal=kept)
        async for item in batch:
            assert f'"id":"{item.id}"' in path.read_text()


async def test_another_request_under_a_finished_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    await run(Counterpart(), path, 1)
    side = Counterpart()
    with RunJournal(path) as kept:
        other = [request("r0", "another-model")]
        with pytest.raises(InvalidRequest, match="another request under the id 'r0'"):
            await CallerBatch(side.ask, other, clock=WallClock(), journal=kept).outcome()
    assert side.asked == []


texts = st.text(max_size=20)
kinds = st.sampled_from(
    [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TouchstoneError) and "__init__" not in vars(kind)
    ]
)


@given(
    kinds,
    texts,
    st.none() | st.sampled_from(Provider),
    st.none() | st.integers(400, 599),
    st.none() | texts,
    st.none() | st.floats(0, 100),
    st.integers(0, 9),
)
def test_an_error_comes_back_as_it_was(
    kind: type[TouchstoneError],
    words: str,
    provider: Provider | None,
    status: int | None,
    code: str | None,
    after: float | None,
    sent: int,
) -> None:
    error = kind(words, provider=provider, status=status, code=code, retry_after=after, sent=sent)
    item = BatchItem(id="a", status="failed", error=error, cost_usd=Decimal(0), attempts=sent, kind="caller")
    line = line_of("digest", item)
    read = item_of(type(line).model_validate_json(line.model_dump_json()))
    assert type(read.error) is kind
    assert vars(read.error) == vars(error)
    assert str(read.error) == str(error)


def test_an_error_with_facts_of_its_own_comes_back_too() -> None:
    error = Retired("gone", since=date(2026, 8, 26), successor="the next", provider=Provider.OPENAI)
    item = BatchItem(id="a", status="failed", error=error, kind="caller")
    read = item_of(line_of("digest", item))
    assert isinstance(read.error, Retired)
    assert vars(read.error) == vars(error)
    ours = item_of(line_of("digest", BatchItem(id="a", status="failed", error=KeyError("b"), kind="caller")))
    assert str(ours.error) == "KeyError: 'b'"


# Asked again, by this process and by the next -------------------------------------------------------------------------


async def test_attempts_of_all_processes_are_summed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    await run(Counterpart(failures={"r1": refused(ServerError, 500, sent=3)}), path, 2)
    with RunJournal(path) as kept:
        kept.reopen(["r1"])
    side = Counterpart()
    outcome = await run(side, path, 2)
    assert side.asked == ["r1"]
    assert [(item.status, item.attempts) for item in outcome.items] == [("succeeded", 1), ("succeeded", 4)]
    with RunJournal(path) as kept:
        assert {item.id: item.attempts for item in kept.items} == {"r0": 1, "r1": 4}


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 10, 40])
async def test_a_last_line_that_was_cut_short_never_happened(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "run.jsonl"
    await run(Counterpart(), path, 3)
    path.write_bytes(path.read_bytes()[:-cut])
    side = Counterpart()
    await run(side, path, 3)
    assert side.asked == ["r2"]
    assert all(json.loads(line) for line in path.read_text().splitlines())
    await run(side, path, 3)
    assert side.asked == ["r2"]


@pytest.mark.parametrize("begun", [0, 1, 20, len(journal.HEADER)])
async def test_a_file_that_was_only_begun_is_new(tmp_path: Path, begun: int) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(journal.HEADER[:begun])
    await run(Counterpart(), path, 1)
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a letter to somebody\n", "it is no such journal"),
        (b"\x00\xff\x00\xff", "it is no such journal"),
        (b"[1]\n", "it is no such journal"),
        (b'{"format": "another", "version": 1}\n', "it is no such journal"),
        (b'{"format": "touchstone batch journal", "version": 2}\n{"new": 1}\n', "version 2, and this program reads"),
        (journal.HEADER + b"{broken\n", "its line 2 is damaged"),
        (journal.HEADER + b'{"unheard": 1}\n', "its line 2 is damaged"),
        (journal.HEADER + b'{"reopened": ["a"]}\n[]\n{"reopened": []}\n', "its line 3 is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(InvalidState, match=words) as caught:
        RunJournal(path)
    assert path.read_bytes() == content
    assert str(path) in caught.value.message
    assert caught.value.message.count(".") == str(path).count(".")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidState, match="directory"):
        RunJournal(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidState, match="cannot be used"):
        RunJournal(tmp_path / "file" / "run.jsonl")


def test_two_processes_do_not_share_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RunJournal(path), pytest.raises(Conflict, match="another process works with the journal"):
        RunJournal(path)
    with RunJournal(path) as kept:
        kept.close()


# A provider's batch ---------------------------------------------------------------------------------------------------


class Disturbed(FolderBatches):
    """Fails after, or instead of, taking a batch."""

    def __init__(self, folder: Path, error: Exception, *, takes: bool) -> None:
        super().__init__(folder)
        self.error = error
        self.takes = takes

    async def submit(self, requests: Iterable[BatchRequest], **options: Any) -> ProviderBatch:
        if self.takes:
            await super().submit(requests)
        raise self.error


async def test_a_batch_is_submitted_once_and_collected_whenever(tmp_path: Path) -> None:
    batches: Any = FolderBatches(tmp_path)
    for _ in range(2):
        with RunJournal(tmp_path / "run.jsonl") as kept:
            items = [item async for item in collected(batches, iter(requests(3)), kept)]
            assert [(item.id, item.kind) for item in items] == [(f"r{number}", "provider") for number in range(3)]
    assert batches.submitted == [["r0", "r1", "r2"]]


async def test_the_batchs_id_is_on_disk_before_the_answer_is_used(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    batches: Any = FolderBatches(tmp_path)
    with RunJournal(path) as kept:
        batch = await submit_or_resume(batches, requests(2), kept)
    last = json.loads(path.read_text().splitlines()[-1])
    digest = Digest()
    for one in requests(2):
        digest.add(one)
    assert last == {"submitted": batch.id, "provider": "OpenAI", "requests": str(digest)}


async def test_a_batch_of_other_requests_is_not_taken_for_these(tmp_path: Path) -> None:
    batches: Any = FolderBatches(tmp_path)
    with RunJournal(tmp_path / "run.jsonl") as kept:
        await submit_or_resume(batches, requests(3), kept)
        with pytest.raises(InvalidRequest, match="of other requests"):
            await submit_or_resume(batches, requests(2), kept)


async def test_what_was_refused_can_be_handed_over_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    disturbed: Any = Disturbed(tmp_path, refused(InvalidRequest, 400), takes=False)
    for _ in range(2):
        with RunJournal(path) as kept, pytest.raises(InvalidRequest, match="it said 400"):
            await submit_or_resume(disturbed, requests(2), kept)
    batches: Any = FolderBatches(tmp_path)
    with RunJournal(path) as kept:
        await submit_or_resume(batches, requests(2), kept)
    assert len(batches.submitted) == 1


@pytest.mark.parametrize("error", [refused(ServerError, 500), RequestTimeout("late"), KeyboardInterrupt()])
async def test_what_may_have_been_taken_is_not_handed_over_again(tmp_path: Path, error: Any) -> None:
    path = tmp_path / "run.jsonl"
    disturbed: Any = Disturbed(tmp_path, error, takes=True)
    with RunJournal(path) as kept, pytest.raises(type(error)):
        await submit_or_resume(disturbed, requests(2), kept)
    batches: Any = FolderBatches(tmp_path)
    with RunJournal(path) as kept, pytest.raises(Conflict, match=r"handed over at 2\d{3}-.* UTC, and not whether"):
        await submit_or_resume(batches, requests(2), kept)
    assert len(batches.submitted) == 1


async def test_one_kind_of_run_never_becomes_the_other(tmp_path: Path) -> None:
    batches: Any = FolderBatches(tmp_path)
    side = Counterpart()
    with RunJournal(tmp_path / "provider.jsonl") as kept:
        await submit_or_resume(batches, requests(2), kept)
        with pytest.raises(InvalidRequest, match="of a batch that a provider has"):
            CallerBatch(side.ask, requests(2), clock=WallClock(), journal=kept)
    await run(side, tmp_path / "caller.jsonl", 2)
    with (
        RunJournal(tmp_path / "caller.jsonl") as kept,
        pytest.raises(InvalidRequest, match=r"of a run of the caller's"),
    ):
        await submit_or_resume(batches, requests(2), kept)
    assert len(batches.submitted) == 1


# Killed ---------------------------------------------------------------------------------------------------------------


class Child:
    """A process of its own that works with the journal."""

    def __init__(self, deed: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.gateway.batch_child", deed, str(folder / "run.jsonl"), str(folder)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
        )

    def heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate(timeout=20)


def test_killed_between_handing_over_and_collecting(tmp_path: Path) -> None:
    killed = Child("submit", tmp_path)
    assert killed.heard() == "submitted"
    killed.end(kill=True)
    assert killed.process.returncode == -9
    new = Child("submit", tmp_path)
    assert new.heard() == "submitted"
    new.go_on()
    assert new.heard() == "collected r0=succeeded r1=succeeded r2=succeeded"
    new.end()
    assert FolderBatches(tmp_path).submitted == [["r0", "r1", "r2"]]


def test_killed_in_the_middle_of_asking(tmp_path: Path) -> None:
    killed = Child("ask", tmp_path)
    for number in (0, 1):
        assert killed.heard() == f"asked r{number}"
        killed.go_on()
    assert killed.heard() == "asked r2"
    killed.end(kill=True)
    new = Child("ask", tmp_path)
    for number in (2, 3):
        assert new.heard() == f"asked r{number}"
        new.go_on()
    assert new.heard() == "collected r0=succeeded r1=succeeded r2=succeeded r3=succeeded"
    new.end()
    assert (tmp_path / "asked").read_text().split() == ["r0", "r1", "r2", "r2", "r3"]


def test_the_answer_in_the_journal_is_the_whole_answer(tmp_path: Path) -> None:
    asked = request("a")
    item = BatchItem(id="a", status="succeeded", answer=answer(asked), cost_usd=Decimal("0.000057"), kind="caller")
    with RunJournal(tmp_path / "run.jsonl") as kept:
        assert kept.finish(asked, item) is item
    with RunJournal(tmp_path / "run.jsonl") as kept:
        assert kept.known(asked) == item
        assert kept.known(request("b")) is None
