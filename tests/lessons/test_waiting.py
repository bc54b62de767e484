"""LL-08, LL-09, LL-10: every end of a run has its name, an unknown state ends the wait, and a rate limit is waited out exactly."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from support.errors import BadResponse, RateLimited
from support.gateway.capabilities import Assistants
from support.gateway.open import open_gateway
from support.values import ENDED, FunctionTool, NewMessage, Provider, Run, RunStatus
from tests.gateway.conftest import ATTEMPTS, Bench, Tenant

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
WEATHER = FunctionTool(
    name="get_weather",
    description="Tells the weather in a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
BACKENDS = {"assistants": ("responses.create", "responses.get"), "assistants_v2": ("runs.create", "runs.get")}


@pytest.fixture
def tenant(simulator_url: str) -> Iterator[Tenant]:
    """Some days before the Assistants API was switched off: both backends are there."""
    made = Tenant(simulator_url, "2026-08-20T10:00:00Z")
    yield made
    made.close()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(bench: Bench, backend: str) -> Assistants:
    gateway = open_gateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
    made: Assistants = getattr(gateway, backend)
    return made


async def begun(api: Assistants, text: str = "Hello?", *tools: Any, **asked: Any) -> Run:
    assistant = await api.create(model=MODEL, tools=tools)
    thread = await api.threads.create((NewMessage(text=text),))
    return await api.runs.create(thread.id, assistant.id, **asked)


async def completed(bench: Bench, api: Assistants, backend: str) -> Run:
    return await api.runs.wait(await begun(api))


async def incomplete(bench: Bench, api: Assistants, backend: str) -> Run:
    return await api.runs.wait(await begun(api, "Count from 1 to 200.", max_output_tokens=16))


async def failed(bench: Bench, api: Assistants, backend: str) -> Run:
    bench.tenant.faults({"operation": BACKENDS[backend][0], "do": {"outcome": "server_error"}})
    return await api.runs.wait(await begun(api))


async def cancelled(bench: Bench, api: Assistants, backend: str) -> Run:
    run = await begun(api)
    await api.runs.cancel(run.thread_id, run.id)
    return await api.runs.wait(run)


async def requires_action(bench: Bench, api: Assistants, backend: str) -> Run:
    return await api.runs.wait(await begun(api, "What is the weather in Rome?", WEATHER))


async def expired(bench: Bench, api: Assistants, backend: str) -> Run:
    run = await requires_action(bench, api, backend)
    bench.tenant.advance(601)
    return await api.runs.get(run.thread_id, run.id)


ENDS: dict[str, Callable[[Bench, Assistants, str], Any]] = {
    "completed": completed,
    "incomplete": incomplete,
    "failed": failed,
    "cancelled": cancelled,
    "requires_action": requires_action,
    "expired": expired,
}


@pytest.mark.parametrize("end", ENDS)
async def test_every_end_of_a_run_is_reached_and_told_under_its_own_name(
    bench: Bench, api: Assistants, backend: str, end: str
) -> None:
    run = await ENDS[end](bench, api, backend)
    assert run.status == end
    assert (await api.runs.get(run.thread_id, run.id)).status == end


def test_these_are_all_the_ends_there_are() -> None:
    assert set(ENDS) == {*ENDED, "requires_action"}
    assert set(get_args(RunStatus)) == {*ENDS, "queued", "in_progress", "cancelling"}


async def test_an_unknown_state_ends_the_wait_at_the_first_look(bench: Bench, api: Assistants, backend: str) -> None:
    run = await begun(api)
    bench.tenant.faults(
        {"operation": BACKENDS[backend][1], "do": {"status": 200, "body": {**run.raw, "status": "pondering"}}}
    )
    before = len(bench.wire.exchanges)
    with pytest.raises(BadResponse, match="pondering"):
        await api.runs.wait(run)
    assert [one.method for one in bench.wire.exchanges[before:]] == ["GET"]


async def test_a_rate_limit_is_waited_out_to_the_second(bench: Bench, api: Assistants, backend: str) -> None:
    busy = {"operation": BACKENDS[backend][0], "times": 2, "do": {"status": 429, "retry_after": 7}}
    bench.tenant.faults(busy)
    before = len(bench.wire.exchanges)
    run = await begun(api)
    posts = [one.status for one in bench.wire.exchanges[before:] if one.path.endswith(("/runs", "/v1/responses"))]
    assert posts == [429, 429, 200]
    assert bench.clock.sleeps == [7.0, 7.0]
    assert run.status == "queued"


async def test_a_rate_limit_without_end_is_given_up_after_so_many_requests(
    bench: Bench, api: Assistants, backend: str
) -> None:
    bench.tenant.faults({"operation": BACKENDS[backend][0], "times": 99, "do": {"status": 429, "retry_after": 7}})
    with pytest.raises(RateLimited) as refused:
        await begun(api)
    assert refused.value.sent == ATTEMPTS
    assert bench.clock.sleeps == [7.0] * (ATTEMPTS - 1)
