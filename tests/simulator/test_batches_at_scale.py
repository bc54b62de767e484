"""Large batches: fast to make and to finish, results that cost no memory, and other requests served meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.plain_http import plain_client
from tests.simulator.account import Account
from tests.simulator.batches import MODEL, begun, chat
from tests.simulator.conftest import START

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 1024 * 1024


class Own:
    """A simulator process of its own, and one account there."""

    def __init__(self, process: subprocess.Popen[str], account: Account) -> None:
        self.account = account
        self._status = Path(f"/proc/{process.pid}/status")

    def memory(self) -> int:
        """The most that the process has held so far, in bytes."""
        line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@pytest.fixture
def own() -> Iterator[Own]:
    command = [sys.executable, "-m", "support.simulator", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        try:
            with plain_client(url, timeout=60) as plane:
                made = plane.post("/_simulator/tenants", json={"now": START}).raise_for_status().json()
                yield Own(process, Account(made["id"], made["keys"], url, plane))
        finally:
            process.terminate()


def finished(account: Account, requests: int) -> openai.types.Batch:
    """A batch that has come to its end."""
    with openai.OpenAI(api_key=account.keys["OpenAI"], base_url=f"{account.url}/v1", max_retries=0) as sdk:
        batch = begun(sdk, (chat(f"r{number}") for number in range(requests)))
        account.advance(80)
        return sdk.batches.retrieve(batch.id)


def test_a_thousand_requests_are_made_and_finished_at_once(tenant: Account) -> None:
    began = time.monotonic()
    batch = finished(tenant, 1_000)
    assert time.monotonic() - began < 5, "live, on the slowest of machines, a fraction of a second"
    assert batch.request_counts is not None
    assert batch.request_counts.completed == 1_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_results_cost_no_memory(own: Own) -> None:
    """Twenty megabytes of input are kept, and that is all: the results, a hundred and more, are made as they are read."""
    asked = {"messages": [{"role": "user", "content": f"Answer exactly: {'a long answer ' * 300}"}], "model": MODEL}
    with openai.OpenAI(api_key=own.account.keys["OpenAI"], base_url=f"{own.account.url}/v1", max_retries=0) as sdk:
        batch = begun(
            sdk, (chat(f"r{number}", body=asked | {"n": 5, "max_completion_tokens": 2_000}) for number in range(2_000))
        )
        own.account.advance(80)
        before = own.memory()
        file_id = str(sdk.batches.retrieve(batch.id).output_file_id)
        size = 0
        with sdk.files.with_streaming_response.content(file_id) as answer:
            for piece in answer.iter_bytes():
                size += len(piece)
        assert size == sdk.files.retrieve(file_id).bytes
    assert size > 30 * MEBIBYTE
    assert own.memory() - before < 8 * MEBIBYTE


def test_others_are_served_while_results_are_read(own: Own) -> None:
    batch = finished(own.account, 3_000)
    with own.account.client("OpenAI") as reader, own.account.client("OpenAI") as other:
        with reader.stream("GET", f"/v1/files/{batch.output_file_id}/content") as answer:
            pieces = answer.iter_raw()
            first = next(pieces)
            began = time.monotonic()
            assert other.get("/v1/files?limit=1").status_code == 200
            waited = time.monotonic() - began
            rest = sum(len(piece) for piece in pieces)
        assert first.startswith(b'{"id":"batch_req_')
        assert rest > MEBIBYTE
        assert waited < 1


def test_a_reader_who_leaves_ends_the_work(own: Own) -> None:
    batch = finished(own.account, 20_000)
    with (
        own.account.client("OpenAI") as reader,
        reader.stream("GET", f"/v1/files/{batch.output_file_id}/content") as answer,
    ):
        next(answer.iter_raw())
    deadline = time.monotonic() + 1.5
    while (left := own.account.show()["requests"]["in_flight"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == 0
