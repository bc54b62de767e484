"""The gateway's chat call over the same call of the raw SDK, on the simulator, with ledger and journal on disk."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable

import anthropic
import openai
from google import genai
from google.genai import types

from benchmarks.report import Figure
from support.catalogue.models import model_for
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.open import open_gateway
from support.gateway.purse import LedgerPurse
from support.journal import Journal
from support.journal import Target as JournalledTarget
from support.ledger import Caps, Ledger
from support.settings import Settings
from support.targets import SimulatorTarget
from support.values import Message, Money, Provider

CALLS = 500
QUESTION = "Answer exactly: one two three"
MOST_TOKENS = 64
TARGETS = {Provider.OPENAI: 1.10}
"""What the ratio should stay under, where one is set."""

Call = Callable[[], Awaitable[object]]


async def _median_pair(one: Call, other: Call) -> tuple[float, float]:
    """Medians in milliseconds of two calls made in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(CALLS + 50):
        for call, kept in zip((one, other), times, strict=True):
            began = time.perf_counter()
            await call()
            if number >= 50:
                kept.append(time.perf_counter() - began)
    return statistics.median(times[0]) * 1000, statistics.median(times[1]) * 1000


def _through_gateway(gateway: ProviderGateway, model: str) -> Call:
    messages = (Message(role="user", text=QUESTION),)
    return lambda: gateway.chat.ask(messages, model=model, max_output_tokens=MOST_TOKENS)


def _through_sdk(endpoint: Endpoint, model: str) -> Call:
    """The same request from the SDK as its documentation shows it: its own client, answers as its own types."""
    match endpoint.provider:
        case Provider.OPENAI:
            create = openai.AsyncOpenAI(
                api_key=endpoint.key, base_url=f"{endpoint.base_url}/v1", max_retries=0
            ).chat.completions.create
            return lambda: create(
                model=model,
                messages=[{"role": "user", "content": QUESTION}],
                max_completion_tokens=MOST_TOKENS,
                reasoning_effort="none",
            )
        case Provider.ANTHROPIC:
            send = anthropic.AsyncAnthropic(
                api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0
            ).messages.create
            return lambda: send(model=model, messages=[{"role": "user", "content": QUESTION}], max_tokens=MOST_TOKENS)
        case Provider.GEMINI:
            client = genai.Client(
                vertexai=False, api_key=endpoint.key, http_options=types.HttpOptions(base_url=endpoint.base_url)
            )
            config = types.GenerateContentConfig(max_output_tokens=MOST_TOKENS)
            return lambda: client.aio.models.generate_content(model=model, contents=QUESTION, config=config)


async def _measure(state: str) -> list[Figure]:
    settings = Settings.read({"state": state})
    target = SimulatorTarget(settings)
    target.start()
    ledger, journal = Ledger.open(state), Journal.open(state)
    wire = Wire()
    tenancy = await target.open("benchmark", lambda: wire.in_flight)
    run = journal.begin_run("bench", JournalledTarget(name="simulator"), worker=ledger.worker)
    account = Account("bench", "overhead", "files", "", Money.SIMULATED)
    choke = ChokePoint(
        account=account,
        clock=tenancy.clock,
        purse=LedgerPurse(ledger, account, Caps(run=settings.budget_run)),
        register=run.scenario("overhead", tenancy.tenant),
        wire=wire,
        listeners=[],
        attempts=4,
    )
    figures = []
    async with shared_client() as http:
        for provider in Provider:
            model = model_for(provider, "chat")
            assert model is not None
            ours, theirs = await _median_pair(
                _through_gateway(open_gateway(tenancy.endpoints[provider], http, choke), model.id),
                _through_sdk(tenancy.endpoints[provider], model.id),
            )
            figures.append(
                Figure(
                    f"gateway chat over raw SDK, {provider} (p50 of {CALLS}, ms)",
                    ours,
                    theirs,
                    TARGETS.get(provider),
                    "at most",
                )
            )
    run.end()
    await target.close()
    journal.close()
    ledger.close()
    return figures


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as state:
        return asyncio.run(_measure(state))
