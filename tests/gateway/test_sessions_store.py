"""Sessions on disk: equal after loading, refused when damaged, one writer at a time, swept, put out, and flat in time."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.errors import Conflict, InvalidState, NotFound
from support.gateway.sessions import Session, SessionStore
from support.gateway.sessions.lines import HEADER_SIZE, VERSION, all_lines
from support.values import Provider
from tests.gateway.conftest import ROOT
from tests.gateway.session_bench import START, FakeGateway, HandClock, call, gateway_of, output, session

pytestmark = pytest.mark.anyio

Child = Callable[..., "subprocess.Popen[str]"]


def store_of(folder: Path, limit: int | None = None) -> SessionStore:
    return SessionStore(folder, limit, clock=HandClock())


def file_of(folder: Path, kept: Session) -> Path:
    return folder / f"{kept.id}.jsonl"


def same(one: Session, other: Session) -> bool:
    return all_lines(one) == all_lines(other) and one.used_at == other.used_at


async def two_turns(provider: Provider = Provider.OPENAI) -> Session:
    kept = session(provider, system="Be brief.", max_messages=40)
    fake = FakeGateway(provider)
    for text in ("I am Alice.", "hello"):
        await kept.say(text, gateway=gateway_of(fake))
    return kept


@pytest.fixture
def child(tmp_path: Path) -> Any:
    """Starts another process with a session, and ends it."""
    begun: list[subprocess.Popen[str]] = []

    def start(deed: str, id: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.session_child", deed, str(tmp_path), id],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def told(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


# Kept -----------------------------------------------------------------------------------------------------------------


async def test_all_of_a_session_survives(tmp_path: Path) -> None:
    """Saved at once or after each thing that happened, with checkpoints, limits and calls."""
    fake = FakeGateway(calls=[(), (call("c1", "c2ln"),)])
    kept = session(system="Be brief.", max_messages=6)
    store = store_of(tmp_path)
    deeds: list[Callable[[], Any]] = [
        lambda: kept.say("one", gateway=gateway_of(fake)),
        lambda: kept.checkpoint("a"),
        lambda: kept.say("weather?", gateway=gateway_of(fake)),
        lambda: kept.answer_calls([output("c1")], gateway=gateway_of(fake)),
        lambda: kept.say("three", gateway=gateway_of(fake)),
        lambda: kept.checkpoint("b"),
        lambda: kept.restore("a"),
        lambda: kept.say("four", gateway=gateway_of(fake)),
        lambda: setattr(kept, "system", "Be long."),
        lambda: kept.clear(),
        lambda: kept.say("five", gateway=gateway_of(fake)),
        lambda: kept.restore("b"),
        lambda: kept.touch(),
    ]
    for number, deed in enumerate(deeds, 1):
        done = deed()
        if asyncio.iscoroutine(done):
            await done
        store.save(kept)
        assert kept.revision == number
        loaded = store.load(kept.id)
        assert same(loaded, kept)
        fresh = SessionStore(tmp_path / f"at{number}", clock=HandClock())
        loaded.revision = 0
        fresh.save(loaded)
        assert same(fresh.load(kept.id), kept)
    assert store.list()[0].revision == len(deeds)


async def test_a_branch_is_saved_beside_its_parent(tmp_path: Path) -> None:
    kept = await two_turns()
    kept.checkpoint("fork")
    branch = kept.branch("fork")
    store = store_of(tmp_path)
    for one in (kept, branch):
        store.save(one)
    assert same(store.load(branch.id), branch)
    assert store.load(branch.id).parent_id == kept.id


@pytest.mark.parametrize("provider", list(Provider))
async def test_another_process_goes_on(tmp_path: Path, child: Child, provider: Provider) -> None:
    kept = await two_turns(provider)
    store_of(tmp_path).save(kept)
    process = child("say", kept.id)
    read, went = told(process), told(process)
    assert read["messages"] == [one.model_dump(mode="json") for one in kept.messages]
    assert read["about"] == kept.about.model_dump(mode="json")
    assert read["usage"] == kept.usage.model_dump()
    assert read["cost"] == str(kept.cost_usd)
    assert [one["text"] for one in went["sent"]] == ["I am Alice.", "answer 1", "hello", "answer 2", "the third thing"]
    assert [one["role"] for one in went["sent"]] == ["user", "assistant", "user", "assistant", "user"]


async def test_the_file_names_its_format_and_no_key(tmp_path: Path) -> None:
    kept = await two_turns()
    store_of(tmp_path).save(kept)
    content = file_of(tmp_path, kept).read_text()
    first = json.loads(content.splitlines()[0])
    assert (first["format"], first["version"]) == ("touchstone session", VERSION)
    names = {key for line in content.splitlines() for key in json.loads(line)}
    assert names == {*first, "session", "turn", "message"}
    assert "key" not in content.lower()
    assert file_of(tmp_path, kept).stat().st_mode & 0o077 == 0


# Refused --------------------------------------------------------------------------------------------------------------


async def test_a_file_that_was_cut_is_refused_wherever(tmp_path: Path) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    await kept.say("three", gateway=gateway_of(FakeGateway()))
    store.save(kept)
    path = file_of(tmp_path, kept)
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 97), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InvalidState, match=kept.id):
            store.load(kept.id)
        assert path.read_bytes() == whole[:length]
    path.write_bytes(whole)
    assert same(store.load(kept.id), kept)


def newer(content: bytes) -> bytes:
    return content.replace(b'"version":1', b'"version":2', 1)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (newer, "version 2"),
        (lambda content: content.replace(b"Alice", b"Bobby"), "changed"),
        (lambda content: content.replace(b"touchstone session", b"something special!", 1), "no session"),
        (lambda content: b'{"messages": []}', "no session"),
        (lambda content: b"[1]", "no session"),
        (lambda content: b"", "empty"),
        (lambda content: b"\xff\xfe" + content, "no session"),
    ],
)
async def test_what_is_no_session_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes], why: str) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    path = file_of(tmp_path, kept)
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    with pytest.raises(InvalidState, match=why) as caught:
        store.load(kept.id)
    assert caught.value.message.count(". ") == 0
    store.sweep(now=START + timedelta(days=9))
    if why != "changed":
        assert path.read_bytes() == broken
        await kept.say("more", gateway=gateway_of(FakeGateway()))
        with pytest.raises(InvalidState):
            store.save(kept)
        assert path.read_bytes() == broken


async def test_a_copy_under_another_name_is_refused(tmp_path: Path) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    (tmp_path / "another.jsonl").write_bytes(file_of(tmp_path, kept).read_bytes())
    with pytest.raises(InvalidState, match="another"):
        store.load("another")


@pytest.mark.parametrize("id", ["missing", "../escape", "", "a/b", "x" * 200])
async def test_unknown_ids(tmp_path: Path, id: str) -> None:
    store = store_of(tmp_path)
    for deed in (store.load, store.delete):
        with pytest.raises(NotFound):
            deed(id)


async def test_what_a_kill_left_never_happened(tmp_path: Path) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    path = file_of(tmp_path, kept)
    for left in (b'{"turn":{"prov', b'{"cleared":null}\n{"dropped"'):
        with path.open("ab") as file:
            file.write(left)
        loaded = store.load(kept.id)
        assert same(loaded, kept)
        await loaded.say("more", gateway=gateway_of(FakeGateway()))
        store.save(loaded)
        kept = store.load(kept.id)
        assert same(kept, loaded)


async def test_a_killed_process_loses_at_most_what_it_had_not_told(tmp_path: Path, child: Child) -> None:
    for after in (1, 7):
        kept = await two_turns()
        store = store_of(tmp_path)
        store.save(kept)
        process = child("append", kept.id)
        told(process)
        revision = [told(process)["revision"] for _ in range(after)][-1]
        process.kill()
        process.wait(10)
        loaded = store.load(kept.id)
        assert loaded.revision >= revision
        assert len(loaded.turns) == loaded.revision + 1
        await loaded.say("more", gateway=gateway_of(FakeGateway()))
        store.save(loaded)


# Shared ---------------------------------------------------------------------------------------------------------------


async def test_the_second_of_two_processes_is_refused(tmp_path: Path, child: Child) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    process = child("hold", kept.id)
    told(process)
    await kept.say("mine", gateway=gateway_of(FakeGateway()))
    store.save(kept)
    content = file_of(tmp_path, kept).read_bytes()
    go_on(process)
    refused = told(process)
    assert refused["kind"] == "conflict"
    assert kept.id in refused["message"]
    assert file_of(tmp_path, kept).read_bytes() == content
    assert same(store.load(kept.id), kept)


async def test_of_two_at_once_one_wins(tmp_path: Path, child: Child) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    processes = [child("hold", kept.id) for _ in range(2)]
    for process in processes:
        told(process)
    for process in processes:
        go_on(process)
    assert sorted("kind" in told(process) for process in processes) == [False, True]
    assert store.load(kept.id).revision == 2


async def test_a_conflict_within_one_process(tmp_path: Path) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    other = store.load(kept.id)
    for one in (kept, other):
        await one.say("more", gateway=gateway_of(FakeGateway()))
    store.save(kept)
    with pytest.raises(Conflict, match=kept.id):
        store.save(other)
    other.revision = 0
    with pytest.raises(Conflict, match=kept.id):
        store.save(other)


async def test_what_was_deleted_comes_back_only_when_told(tmp_path: Path) -> None:
    kept = await two_turns()
    store = store_of(tmp_path)
    store.save(kept)
    store.delete(kept.id)
    await kept.say("more", gateway=gateway_of(FakeGateway()))
    with pytest.raises(NotFound, match=kept.id):
        store.save(kept)
    store.save(kept, anew=True)
    assert same(store.load(kept.id), kept)


# Cleaned up -----------------------------------------------------------------------------------------------------------


async def test_the_least_recently_used_is_put_out(tmp_path: Path) -> None:
    store = store_of(tmp_path, limit=3)
    kept = [session() for _ in range(5)]
    for one in kept[:3]:
        store.save(one)
    store.load(kept[0].id)
    store.save(kept[3])
    assert {one.id for one in store.list()} == {kept[0].id, kept[2].id, kept[3].id}
    await kept[2].say("hello", gateway=gateway_of(FakeGateway()))
    store.save(kept[2])
    store.save(kept[4])
    assert [one.id for one in store.list()] == [kept[3].id, kept[2].id, kept[4].id]
    assert sum(name.endswith(".jsonl") for name in os.listdir(tmp_path)) == 3
    with pytest.raises(NotFound):
        store.load(kept[1].id)


async def test_a_sweep_removes_what_is_idle_alone(tmp_path: Path) -> None:
    clock = HandClock(step=timedelta(0))
    store = SessionStore(tmp_path, clock=clock)
    idle, used, touched = (session(clock=clock) for _ in range(3))
    for one in (idle, used, touched):
        await one.say("hello", gateway=gateway_of(FakeGateway()))
        store.save(one)
    await clock.sleep(24 * 3600)
    again = store.load(used.id)
    await again.say("still here", gateway=gateway_of(FakeGateway()))
    await touched.touch()
    for one in (again, touched):
        store.save(one)
    await clock.sleep(3600)
    (tmp_path / "x.unfinished").write_bytes(b"left by a kill")
    assert store.sweep(now=clock.shown) == (idle.id,)
    assert not file_of(tmp_path, idle).exists()
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".unfinished")]
    assert store.sweep(now=clock.shown) == ()
    assert {one.id for one in store.list()} == {used.id, touched.id}
    assert same(store.load(used.id), again)


# Time -----------------------------------------------------------------------------------------------------------------


async def test_the_file_stays_in_proportion_to_the_session(tmp_path: Path) -> None:
    kept = session(max_messages=4)
    store = store_of(tmp_path)
    fake = FakeGateway()
    for number in range(400):
        await kept.say(f"question {number}", gateway=gateway_of(fake))
        store.save(kept)
    lines = file_of(tmp_path, kept).read_bytes().count(b"\n")
    assert lines < 2 * (4 + 400) + 210
    assert same(store.load(kept.id), kept)


async def test_appending_is_flat(tmp_path: Path) -> None:
    """The last of many messages is written as the first was; `make bench` measures 10,000."""
    sizes: list[int] = []
    written = os.pwrite

    def pwrite(file: int, what: Any, place: int) -> int:
        sizes.append(len(what))
        return written(file, what, place)

    kept = session(window_tokens=10_000_000)
    store = store_of(tmp_path)
    fake = FakeGateway()
    store.save(kept)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "pwrite", pwrite)
        for _ in range(500):
            await kept.say("question", gateway=gateway_of(fake))
            store.save(kept)
    assert all(size in (HEADER_SIZE,) or size < 1200 for size in sizes)
    assert len(sizes) == 1000
    began = time.perf_counter()
    store.load(kept.id)
    assert time.perf_counter() - began < 2
