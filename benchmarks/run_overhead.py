"""An assistant's run through the gateway, from its order to its seen end, over the same run of the raw SDK, on the simulator.

Both see the end where they look for the first time, or for the second: the tenant's clock runs, and its runs are that quick.
Each run has a thread of its own, which is made before its time begins.
"""

import asyncio
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import httpx2
import openai

from benchmarks.report import Figure
from benchmarks.simulator_start import simulator
from support.catalogue.models import model_for
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Assistants
from support.gateway.clock import WallClock
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.purse import LedgerPurse
from support.journal import Journal
from support.journal import Target as JournalledTarget
from support.ledger import Caps, Ledger
from support.settings import Settings
from support.values import Money, NewMessage, Provider

RUNS = 300
WARM_UP = 30
TARGET = 1.15
QUESTION = "Answer exactly: one two three"
INSTRUCTIONS = "Be short."
MOST_TOKENS = 64
PAUSE = 0.020
"""Seconds between two looks by hand: as many as the older API suggests."""
BEFORE_THE_END = datetime(2026, 8, 20, 9, tzinfo=UTC)
"""A day on which the older API was still there."""
AT_ONCE = {"runs.queued": 0.0, "runs.step": 0.0, "responses.queue": 0.0, "responses.run": 0.0}
WHILE_WAITING = {"runs.queued": 0.008, "runs.step": 0.008}
"""Under way at the first look, which comes after a few milliseconds, and ended at the second, 20 ms later."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have a run made: a thread for it, which is not timed, and the run on that thread, which is."""

    thread: Callable[[], Awaitable[str]]
    run: Callable[[str], Awaitable[str]]
    """Answers the state in which the run ended."""


async def _median_pair(ours: Way, theirs: Way) -> tuple[float, float]:
    """Medians in milliseconds of two ways in turn."""
    mine: list[float] = []
    other: list[float] = []
    turn = [(ours, mine), (theirs, other)]
    for number in range(RUNS + WARM_UP):
        for way, kept in turn:
            thread = await way.thread()
            began = time.perf_counter()
            status = await way.run(thread)
            seconds = time.perf_counter() - began
            if status != "completed":
                raise RuntimeError(f"A run ended {status}.")
            if number >= WARM_UP:
                kept.append(seconds)
        turn.reverse()  # nobody always comes second
    return statistics.median(mine) * 1000, statistics.median(other) * 1000


async def _through_gateway(assistants: Assistants, model: str) -> Way:
    """`runs.complete`, with what stands behind it."""
    assistant = await assistants.create(model=model, instructions=INSTRUCTIONS)

    async def thread() -> str:
        return (await assistants.threads.create([NewMessage(text=QUESTION)])).id

    async def run(thread_id: str) -> str:
        return (await assistants.runs.complete(thread_id, assistant.id, max_output_tokens=MOST_TOKENS)).status

    return Way(thread, run)


async def _assistants_of_sdk(client: openai.AsyncOpenAI, model: str) -> Way:
    """The SDK's own helper, as its documentation shows it."""
    beta = client.beta
    assistant = await beta.assistants.create(model=model, instructions=INSTRUCTIONS)

    async def thread() -> str:
        return (await beta.threads.create(messages=[{"role": "user", "content": QUESTION}])).id

    async def run(thread_id: str) -> str:
        done = await beta.threads.runs.create_and_poll(
            thread_id=thread_id,
            assistant_id=assistant.id,
            reasoning_effort="none",
            max_completion_tokens=MOST_TOKENS,
        )
        return done.status

    return Way(thread, run)


async def _responses_of_sdk(client: openai.AsyncOpenAI, model: str) -> Way:
    """A response in the background, looked at by hand: the SDK has no helper for it."""

    async def thread() -> str:
        items = [{"type": "message", "role": "user", "content": QUESTION}]
        return (await client.conversations.create(items=items)).id  # type: ignore[arg-type]  # a literal is enough

    async def run(thread_id: str) -> str:
        made = await client.responses.create(
            model=model,
            conversation=thread_id,
            instructions=INSTRUCTIONS,
            reasoning={"effort": "none"},
            max_output_tokens=MOST_TOKENS,
            background=True,
        )
        while True:
            made = await client.responses.retrieve(made.id)
            if made.status not in ("queued", "in_progress"):
                return str(made.status)
            await asyncio.sleep(PAUSE)

    return Way(thread, run)


@dataclass(frozen=True, slots=True)
class _Bench:
    """A simulator and the books, as the suite has them."""

    url: str
    state: str
    http: httpx2.AsyncClient
    ledger: Ledger
    journal: Journal

    def endpoint(self, durations: dict[str, float], now: datetime | None = None) -> tuple[Endpoint, str]:
        """A tenant of its own whose clock runs, and its id."""
        wanted = {"speed": 1.0, "durations": durations, "now": (now or datetime.now(UTC)).isoformat()}
        made = httpx.post(f"{self.url}/_simulator/tenants", json=wanted, trust_env=False).raise_for_status().json()
        return Endpoint(Provider.OPENAI, self.url, made["keys"][Provider.OPENAI.value], kept=self.state), made["id"]

    def gateway(self, endpoint: Endpoint, tenant: str) -> OpenAIGateway:
        """Over real time, for which the gateway has no hand on the tenant's clock."""
        account = Account("bench", tenant, "assistants", "", Money.SIMULATED)
        run = self.journal.begin_run("bench", JournalledTarget(name="simulator"), worker=self.ledger.worker)
        choke = ChokePoint(
            account=account,
            clock=WallClock(),
            purse=LedgerPurse(self.ledger, account, Caps(run=Settings.read({}).budget_run)),
            register=run.scenario("overhead", tenant),
            wire=Wire(),
            listeners=[],
            attempts=4,
        )
        return OpenAIGateway(endpoint, self.http, choke)


def _raw(endpoint: Endpoint) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=endpoint.key, base_url=f"{endpoint.base_url}/v1", max_retries=0)


async def _assistants(bench: _Bench, model: str, durations: dict[str, float]) -> tuple[float, float]:
    endpoint, tenant = bench.endpoint(durations, BEFORE_THE_END)
    return await _median_pair(
        await _through_gateway(bench.gateway(endpoint, tenant).assistants_v2, model),
        await _assistants_of_sdk(_raw(endpoint), model),
    )


async def _responses(bench: _Bench, model: str) -> tuple[float, float]:
    endpoint, tenant = bench.endpoint(AT_ONCE)
    return await _median_pair(
        await _through_gateway(bench.gateway(endpoint, tenant).assistants, model),
        await _responses_of_sdk(_raw(endpoint), model),
    )


async def _measure(state: str) -> list[Figure]:
    described = model_for(Provider.OPENAI, "chat")
    assert described is not None
    async with AsyncExitStack() as opened:
        _, url, _ = opened.enter_context(simulator())
        http = await opened.enter_async_context(shared_client())
        ledger = opened.enter_context(Ledger.open(state))
        journal = opened.enter_context(Journal.open(state))
        bench = _Bench(url, state, http, ledger, journal)
        model = described.id
        measured = {
            "Assistants, ended at the second look": await _assistants(bench, model, WHILE_WAITING),
            "Assistants, ended at the first look": await _assistants(bench, model, AT_ONCE),
            "Responses, ended at the first look": await _responses(bench, model),
        }
    return [
        Figure(f"a run over raw SDK, {name} (p50 of {RUNS}, ms)", ours, theirs, TARGET, "at most")
        for name, (ours, theirs) in measured.items()
    ]


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as state, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the SDK, for each of the older API's methods
        return asyncio.run(_measure(state))
