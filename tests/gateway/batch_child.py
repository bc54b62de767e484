"""A process that may be killed: a batch handed to a provider, or asked by the caller; the provider is a folder of files.

Say: submit JOURNAL PROVIDER, or ask JOURNAL PROVIDER. It says `submitted`, or `asked ID`, and at the end how often each was sent.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from support.gateway.batching import CallerBatch, RunJournal, collected, submit_or_resume
from support.gateway.clock import WallClock
from support.values import BatchCounts, BatchItem, BatchRequest, ChatAnswer, Provider, ProviderBatch
from tests.gateway.batch_asks import START, answer, requests


class FolderBatches:
    """A provider's batches, kept where they outlive this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def submitted(self) -> list[list[str]]:
        """The ids of each batch, in the order in which they came."""
        kept = sorted(self._folder.glob("batch-*.json"))
        return [[BatchRequest.model_validate(one).id for one in json.loads(path.read_text())] for path in kept]

    async def submit(self, requests: Iterable[BatchRequest], **options: Any) -> ProviderBatch:
        del options
        id = f"batch-{len(self.submitted)}"
        taken = [one.model_dump(mode="json") for one in requests]
        (self._folder / f"{id}.json").write_text(json.dumps(taken))
        return self._batch(id)

    async def get(self, batch_id: str) -> ProviderBatch:
        return self._batch(batch_id)

    async def wait(self, batch_id: str, **options: Any) -> ProviderBatch:
        del options
        return self._batch(batch_id)

    async def results(self, batch_id: str) -> AsyncIterator[BatchItem]:
        for one in json.loads((self._folder / f"{batch_id}.json").read_text()):
            asked = BatchRequest.model_validate(one)
            yield BatchItem(id=asked.id, status="succeeded", answer=answer(asked), kind="provider")

    @staticmethod
    def _batch(id: str) -> ProviderBatch:
        return ProviderBatch(
            provider=Provider.OPENAI,
            id=id,
            status="completed",
            counts=BatchCounts(),
            endpoint="chat",
            model=None,
            marked="",
            created_at=START,
            raw={},
        )


def say(*words: str) -> None:
    print(*words, flush=True)


async def submitting(journal: Path, provider: Path) -> None:
    batches: Any = FolderBatches(provider)
    with RunJournal(journal) as kept:
        await submit_or_resume(batches, iter(requests(3)), kept)
        say("submitted")
        await asyncio.to_thread(sys.stdin.readline)  # here it is killed, or told to go on
        items = [item async for item in collected(batches, iter(requests(3)), kept)]
    say("collected", *(f"{item.id}={item.status}" for item in items))


async def asking(journal: Path, provider: Path) -> None:
    async def ask(asked: BatchRequest) -> ChatAnswer:
        with (provider / "asked").open("a") as log:
            log.write(f"{asked.id}\n")
        say("asked", asked.id)
        await asyncio.to_thread(sys.stdin.readline)  # here it is killed, or told to go on
        return answer(asked)

    with RunJournal(journal) as kept:
        outcome = await CallerBatch(ask, requests(4), clock=WallClock(), journal=kept).outcome()
    say("collected", *(f"{item.id}={item.status}" for item in outcome.items))


if __name__ == "__main__":
    deed, journal, provider = sys.argv[1:]
    asyncio.run({"submit": submitting, "ask": asking}[deed](Path(journal), Path(provider)))
