"""Following the log of a fine-tuning job from its creation to its end: how many requests an event takes, as the log grows."""

import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.books import scenario
from benchmarks.report import Figure
from support.catalogue.models import model_for
from support.values import Provider, TuningOptions

SHORT, LONG = 3, 30
"""Epochs."""
EXAMPLES = 12
TARGET = 1.2


def _written(path: Path) -> Path:
    lines = []
    for number in range(EXAMPLES):
        said = (("user", f"Which sound does animal {number} make?"), ("assistant", f"It says nothing {number} times."))
        lines.append(json.dumps({"messages": [{"role": role, "content": text} for role, text in said]}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def _followed(training: Path, epochs: int) -> tuple[float, int, int]:
    """Requests for an event, the events, and how many of them did not come exactly once."""
    described = model_for(Provider.OPENAI, "fine_tuning")
    assert described is not None
    async with scenario(Provider.OPENAI) as of:
        tuning = of.gateway.fine_tuning
        job = await tuning.create(training, model=described.id, options=TuningOptions(n_epochs=epochs))
        before = len(of.wire.exchanges)
        told = [event.id async for event in tuning.follow(job.id)]
        requests = len(of.wire.exchanges) - before
        logged: list[str] = []
        cursor: str | None = None
        while True:
            page = await tuning.events_page(job.id, cursor=cursor)
            logged += [event.id for event in page.events]
            cursor = page.next_cursor
            if cursor is None:
                break
        wrong = sum(told.count(id) != 1 for id in {*told, *logged})
        return requests / len(told), len(told), wrong


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        training = _written(Path(folder, "training.jsonl"))
        few, short, lost = asyncio.run(_followed(training, SHORT))
        many, long, also = asyncio.run(_followed(training, LONG))
    return [
        Figure(f"requests for an event of a job's log, {long} followed beside {short}", many, few, TARGET, "at most"),
        Figure(f"events not told exactly once, of {long + short}", lost + also, None, 0, "at most"),
    ]
