"""Reading the results of a provider's batch through the gateway: how far the memory rises, for few lines and for many.

Each batch is one of a simulator of its own, whose results are made as they are read. The memory is what tracemalloc sees, and
what was there before the first result is not in it.
"""

import asyncio
from collections.abc import Iterator

from benchmarks.books import MEBIBYTE, Scenario, scenario, traced
from benchmarks.report import Figure
from support.catalogue.models import model_for
from support.values import BatchRequest, Message, Provider

FEW, MANY = 20_000, 100_000
PROVIDERS = (Provider.OPENAI, Provider.ANTHROPIC)
_SENTENCE = "Pump and valve number {number} are looked after by the people of the night shift. "
_REPEATED = 18
_MOST_TOKENS = 1_024


def _requests(model: str, count: int) -> Iterator[BatchRequest]:
    for number in range(count):
        text = f"Answer exactly: {_SENTENCE.format(number=number) * _REPEATED}"
        messages = (Message(role="user", text=text),)
        yield BatchRequest(id=f"line-{number}", messages=messages, model=model, max_output_tokens=_MOST_TOKENS)


async def _read(of: Scenario, model: str, count: int) -> tuple[float, float]:
    """Mebibytes that the memory rose by, and mebibytes of the answers' text."""
    batches = of.gateway.batches
    made = await batches.submit(_requests(model, count), preflight=False)
    await batches.wait(made.id)
    read, size = 0, 0
    with traced() as growth:
        async for item in batches.results(made.id):
            if item.answer is None:
                raise RuntimeError(f"Line {item.id} is {item.status}: {item.error}")
            read += 1
            size += len(item.answer.text)
    if read != count:
        raise RuntimeError(f"{read} of {count} results were read.")
    return growth.mebibytes, size / MEBIBYTE


async def _measured(provider: Provider, count: int) -> tuple[float, float]:
    described = model_for(provider, "chat")
    assert described is not None
    async with scenario(provider, {"batches.requests": count}) as of:
        return await _read(of, described.id, count)


def measure() -> list[Figure]:
    figures = []
    for provider in PROVIDERS:
        few, size = asyncio.run(_measured(provider, FEW))
        many, _ = asyncio.run(_measured(provider, MANY))
        name = f"memory while {{:,}} results are read, {provider}"
        figures += [
            Figure(f"{name.format(FEW)}, {size:.0f} MiB of text (MiB)", few, None, 16, "at most"),
            Figure(f"{name.format(MANY)} beside {FEW:,} (MiB)", many, few, 1.2, "at most"),
        ]
    return figures
