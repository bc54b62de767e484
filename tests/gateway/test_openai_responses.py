"""Assistants on Responses and Conversations against the running simulator: what is kept, what is sent, and how runs end."""

import subprocess
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.errors import (
    BadResponse,
    Conflict,
    InvalidRequest,
    JobFailed,
    NotFound,
    RateLimited,
    ServerError,
    SetupError,
    TouchstoneError,
    Unsupported,
)
from support.gateway.capabilities import Assistants
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.openai.responses import items, messages, reading, requests
from support.gateway.openai.responses.assistants import ResponsesAssistants
from support.gateway.openai.responses.kept import KeptStore, account_of
from support.values import (
    Assistant,
    Citation,
    CodeTool,
    FunctionTool,
    NewMessage,
    Provider,
    Run,
    SearchTool,
    ThreadMessage,
    ToolOutput,
    Usage,
)
from tests.gateway.conftest import ROOT, Bench, Tenant

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RUN_SECONDS = timedelta(seconds=600)
FIXTURES = ROOT / "fixtures"
WEATHER = FunctionTool(
    name="get_weather",
    description="Get the current weather for a location",
    parameters={
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
)
SUM = "What is 15 * 23?"
WEATHER_IN_ROME = "What is the weather in Rome?"
WEATHER_TWICE = "What is the weather in Paris and in Rome?"
CUT_AFTER = {"operation": "responses.create", "when": "after", "do": {"cut": True}}


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "kept")


def gateway_of(bench: Bench, place: str | None, **endpoint: Any) -> OpenAIGateway:
    return OpenAIGateway(replace(bench.endpoint(Provider.OPENAI, **endpoint), kept=place), bench.http, bench.choke)


@pytest.fixture
def gateway(bench: Bench, place: str) -> OpenAIGateway:
    return gateway_of(bench, place)


@pytest.fixture
def api(gateway: OpenAIGateway) -> Assistants:
    return gateway.assistants


def user(text: str) -> NewMessage:
    return NewMessage(text=text)


def durations(bench: Bench, **seconds: float) -> None:
    """How long responses queue and run at the tenant."""
    named = {f"responses.{name}": value for name, value in seconds.items()}
    url = f"{bench.tenant.url}/_simulator/tenants/{bench.tenant.id}/durations"
    assert httpx.post(url, json={"durations": named}, trust_env=False).is_success


def served(bench: Bench, operation: str) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"OpenAI {operation}", 0))


def sent(bench: Bench, method: str, part: str) -> list[Any]:
    """What went out in requests of this kind, oldest first."""
    return [
        one.request.json() if one.request.size else None
        for one in bench.wire.exchanges
        if one.method == method and part in one.path
    ]


async def started(api: Assistants, text: str, *tools: Any, instructions: str | None = None, **asked: Any) -> Run:
    """A run of a new assistant on a new thread."""
    assistant = await api.create(model=MODEL, tools=tools, instructions=instructions)
    thread = await api.threads.create((user(text),))
    return await api.runs.create(thread.id, assistant.id, **asked)


async def done(api: Assistants, text: str, *tools: Any, **asked: Any) -> Run:
    return await api.runs.wait(await started(api, text, *tools, **asked))


async def said(api: Assistants, thread_id: str, **asked: Any) -> list[tuple[str, str]]:
    """Role and text, oldest first."""
    return [(one.role, one.text) async for one in api.messages.list(thread_id, order="asc", **asked)]


async def refused(call: Awaitable[object], kind: type[TouchstoneError], *words: str) -> TouchstoneError:
    with pytest.raises(kind) as caught:
        await call
    assert all(word in caught.value.message for word in words), caught.value.message
    return caught.value


# Assistants ---------------------------------------------------------------------------------------------------------------


async def test_an_assistant_is_kept_and_nothing_is_sent(bench: Bench, api: Assistants) -> None:
    tools = (WEATHER, CodeTool(file_ids=("file-1",)), SearchTool(store_ids=("vs_1",)))
    made = await api.create(
        model=MODEL,
        name="Ada",
        description="counts",
        instructions="Be brief.",
        tools=tools,
        metadata={"team": "harbour"},
        temperature=0.5,
    )
    assert made.id.startswith("asst_")
    assert (made.model, made.name, made.description, made.instructions) == (MODEL, "Ada", "counts", "Be brief.")
    assert (made.tools, made.metadata, made.temperature, made.created_at) == (tools, {"team": "harbour"}, 0.5, NOW)
    [(provider, kind, marker)] = bench.register.intended
    assert (provider, kind, marker) == (Provider.OPENAI, "kept_assistant", made.marked)
    assert bench.register.confirmed == {0: made.id}
    assert await api.get(made.id) == made
    assert bench.wire.exchanges == []
    assert [event.operation for event in bench.events] == ["assistants.create", "assistants.get"]
    assert len(bench.purse.settled) == 2
    assert isinstance(api, ResponsesAssistants)


async def test_another_gateway_finds_the_assistant(bench: Bench, api: Assistants, place: str) -> None:
    made = await api.create(model=MODEL, tools=(WEATHER,))
    assert await gateway_of(bench, place).assistants.get(made.id) == made
    assert (Path(place) / "assistants.db").is_file()


async def test_another_process_finds_the_assistant(bench: Bench, api: Assistants, place: str) -> None:
    made = await api.create(model=MODEL, tools=(WEATHER,))
    endpoint = bench.endpoint(Provider.OPENAI)
    program = (
        "import sys; from support.gateway.endpoint import Endpoint; from support.values import Provider;"
        "from support.gateway.openai.responses.kept import KeptStore, account_of;"
        "store = KeptStore(sys.argv[1], account_of(Endpoint(Provider.OPENAI, sys.argv[2], sys.argv[3])));"
        "print(store.assistant(sys.argv[4]).said.tools[0].name)"
    )
    assert ran_apart(program, place, endpoint.base_url, endpoint.key, made.id) == "get_weather"


def ran_apart(program: str, *arguments: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def bytes_under(folder: str | Path) -> list[bytes]:
    """The contents of a folder's files."""
    return [path.read_bytes() for path in Path(folder).iterdir()]


async def test_accounts_do_not_see_each_other(bench: Bench, api: Assistants, place: str) -> None:
    made = await api.create(model=MODEL)
    other_tenant = Tenant(bench.tenant.url)
    try:
        other = gateway_of(bench, place, key=other_tenant.keys["OpenAI"]).assistants
        await refused(other.get(made.id), NotFound, made.id)
        await refused(other.delete(made.id), NotFound, made.id)
        await refused(other.update(made.id, name="mine"), NotFound, made.id)
        assert [one async for one in other.list()] == []
        await refused(other.list_page(cursor=made.id), NotFound, made.id)
        mine = await other.create(model=MODEL)
        assert [one async for one in other.list()] == [mine]
        assert [one async for one in api.list()] == [made]
    finally:
        other_tenant.close()


async def test_no_key_is_in_the_store(bench: Bench, api: Assistants, place: str) -> None:
    await api.create(model=MODEL)
    key = bench.tenant.keys["OpenAI"].encode()
    assert all(key not in content for content in bytes_under(place))


async def test_without_a_place_it_is_kept_in_memory(bench: Bench, tmp_path: Path) -> None:
    api = gateway_of(bench, None).assistants
    made = await api.create(model=MODEL)
    assert await api.get(made.id) == made
    assert bytes_under(tmp_path) == []


async def test_a_database_url_is_a_place(bench: Bench, tmp_path: Path) -> None:
    api = gateway_of(bench, f"sqlite:///{tmp_path / 'own.db'}").assistants
    made = await api.create(model=MODEL)
    assert await api.get(made.id) == made
    assert (tmp_path / "own.db").is_file()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no database at all, but long enough to be looked at" * 50, "is not a database"), (None, "no such column")],
)
async def test_what_is_no_store_is_the_users_to_mend(
    bench: Bench, tmp_path: Path, content: bytes | None, words: str
) -> None:
    import sqlite3

    file = tmp_path / "assistants.db"
    if content is None:
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE kept_assistants (id TEXT)")
        connection.close()
    else:
        file.write_bytes(content)
    api = gateway_of(bench, str(tmp_path)).assistants
    with pytest.raises(SetupError) as caught:
        await api.create(model=MODEL)
    assert words in str(caught.value)
    assert "assistants.db" in str(caught.value)
    assert bench.wire.exchanges == []


async def test_a_place_that_is_no_place(bench: Bench) -> None:
    with pytest.raises(SetupError, match="give a folder or a database URL"):
        await gateway_of(bench, "nothing://at all").assistants.get("asst_1")


async def test_a_record_of_another_version_is_told(bench: Bench, api: Assistants, place: str) -> None:
    import sqlite3

    made = await api.create(model=MODEL)
    with sqlite3.connect(Path(place) / "assistants.db") as connection:
        connection.execute("""UPDATE kept_assistants SET description = '{"shape": 2}'""")
    connection.close()
    with pytest.raises(SetupError, match="cannot read"):
        await api.get(made.id)


async def all_of(api: Assistants, **asked: Any) -> list[Assistant]:
    return [one async for one in api.list(**asked)]


async def test_the_newest_is_listed_first(bench: Bench, api: Assistants) -> None:
    first, second = await api.create(model=MODEL, name="1"), await api.create(model=MODEL, name="2")
    bench.tenant.advance(5)
    third = await api.create(model=MODEL, name="3")
    assert await all_of(api) == [third, second, first]
    assert await all_of(api, order="asc") == [first, second, third]
    assert await all_of(api, page_size=2) == [third, second, first]
    assert await all_of(api, page_size=1, order="asc") == [first, second, third]
    page = await api.list_page(limit=2)
    assert (page.assistants, page.next_cursor) == ((third, second), second.id)
    last = await api.list_page(limit=2, cursor=second.id)
    assert (last.assistants, last.next_cursor) == ((first,), None)
    assert (await api.list_page(limit=3)).next_cursor is None
    await refused(api.list_page(cursor="asst_none"), NotFound, "asst_none")


async def test_a_page_has_twenty_unless_told(api: Assistants) -> None:
    for _ in range(21):
        await api.create(model=MODEL)
    page = await api.list_page()
    assert (len(page.assistants), page.next_cursor) == (20, page.assistants[-1].id)
    assert len(await all_of(api)) == 21


@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_a_page_has_one_to_a_hundred(bench: Bench, api: Assistants, limit: int) -> None:
    error = await refused(api.list_page(limit=limit), InvalidRequest, "limit")
    assert error.sent == 0
    assert bench.events == []


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"name": "Bob"}, {"name": "Bob"}),
        ({"description": "sums"}, {"description": "sums"}),
        ({"instructions": "Be long."}, {"instructions": "Be long."}),
        ({"model": "gpt-6-sol"}, {"model": "gpt-6-sol"}),
        ({"tools": (CodeTool(),)}, {"tools": (CodeTool(),)}),
        ({"tools": ()}, {"tools": ()}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
        ({"metadata": {}}, {"metadata": {}}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({}, {}),
    ],
)
async def test_an_update_changes_what_is_given(api: Assistants, asked: Any, changed: Any) -> None:
    made = await api.create(
        model=MODEL, name="Ada", description="d", instructions="i", tools=(WEATHER,), metadata={"t": "h"}, temperature=1
    )
    updated = await api.update(made.id, **asked)
    assert updated == made.model_copy(update={**changed, "raw": updated.raw})
    assert await api.get(made.id) == updated


async def test_a_deleted_assistant_is_gone(bench: Bench, api: Assistants) -> None:
    made = await api.create(model=MODEL)
    assert (await api.delete(made.id)).id == made.id
    assert bench.register.removals == [(Provider.OPENAI, "kept_assistant", made.id)]
    assert await all_of(api) == []


async def test_an_assistant_that_never_was(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create()
    before = len(bench.wire.exchanges)
    for call in (
        api.get("asst_none"),
        api.update("asst_none", name="n"),
        api.delete("asst_none"),
        api.runs.create(thread.id, "asst_none"),
    ):
        error = await refused(call, NotFound, "No assistant found with id 'asst_none'.")
        assert (error.sent, error.provider) == (0, Provider.OPENAI)
    with pytest.raises(NotFound):
        async for _ in api.runs.stream(thread.id, "asst_none"):
            pass
    assert len(bench.wire.exchanges) == before


@pytest.mark.parametrize(
    "asked",
    [
        {"model": None},
        {"model": MODEL, "name": "n" * 257},
        {"model": MODEL, "temperature": 3.0},
        {"model": MODEL, "metadata": {str(number): "" for number in range(16)}},
        {"model": MODEL, "tools": (SearchTool(store_ids=("vs_1", "vs_2")),)},
    ],
)
async def test_what_cannot_be_is_refused_before_it_is_kept(api: Assistants, asked: Any) -> None:
    await refused(api.create(**asked), InvalidRequest)
    assert await all_of(api) == []


# Threads ------------------------------------------------------------------------------------------------------------------


async def test_a_thread_is_a_marked_conversation(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create(
        (user("Hello"), NewMessage(text="Good day.", role="assistant")), metadata={"topic": "demo"}
    )
    assert (thread.metadata, thread.created_at, thread.id[:5]) == ({"topic": "demo"}, NOW, "conv_")
    [(_, kind, marker)] = bench.register.intended
    assert kind == "conversation"
    assert bench.register.confirmed == {0: thread.id}
    assert sent(bench, "POST", "/conversations") == [
        {
            "items": [
                {"type": "message", "role": "user", "content": "Hello"},
                {"type": "message", "role": "assistant", "content": "Good day."},
            ],
            "metadata": {"topic": "demo", "touchstone": marker},
        }
    ]
    assert await api.threads.get(thread.id) == thread
    assert await said(api, thread.id) == [("user", "Hello"), ("assistant", "Good day.")]


async def test_more_than_twenty_messages_follow_in_order(bench: Bench, api: Assistants) -> None:
    texts = [f"number {number}" for number in range(45)]
    thread = await api.threads.create([user(text) for text in texts])
    assert [text for _, text in await said(api, thread.id)] == texts
    assert [len(body["items"]) for body in sent(bench, "POST", "/conversations")] == [20, 20, 5]


async def test_messages_that_cannot_be_follow_nothing(bench: Bench, api: Assistants) -> None:
    wrong = [user("fine")] * 25 + [user(" ")]
    await refused(api.threads.create(wrong), InvalidRequest, "content")
    marked = NewMessage(text="x", metadata={"a": "b"})
    await refused(api.threads.create((marked,)), Unsupported, "keep it on the thread")
    await refused(api.threads.create(metadata={str(number): "" for number in range(16)}), InvalidRequest, "metadata")
    assert bench.wire.exchanges == []


async def test_an_update_keeps_the_marker(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create(metadata={"topic": "demo"})
    updated = await api.threads.update(thread.id, {"mood": "calm"})
    assert (updated.metadata, updated.id) == ({"mood": "calm"}, thread.id)
    assert updated.raw["metadata"] == {"mood": "calm", "touchstone": bench.register.intended[0][2]}
    assert (await api.threads.update(thread.id, {})).metadata == {}
    assert (await api.threads.get(thread.id)).raw["metadata"] == {"touchstone": bench.register.intended[0][2]}


async def test_a_deleted_thread_takes_its_runs_along(bench: Bench, api: Assistants) -> None:
    run = await done(api, SUM)
    assert (await api.threads.delete(run.thread_id)).id == run.thread_id
    assert (Provider.OPENAI, "conversation", run.thread_id) in bench.register.removals
    await refused(api.runs.get(run.thread_id, run.id), NotFound, run.id)
    await refused(api.threads.get(run.thread_id), NotFound, run.thread_id)


async def test_a_thread_that_is_not_deleted_keeps_its_runs(bench: Bench, api: Assistants) -> None:
    run = await done(api, SUM)
    bench.tenant.faults({"operation": "conversations.delete", "times": 9, "do": {"status": 500}})
    await refused(api.threads.delete(run.thread_id), ServerError)
    assert (await api.runs.get(run.thread_id, run.id)).status == "completed"


async def test_a_thread_deleted_unclearly_is_gone(bench: Bench, api: Assistants) -> None:
    run = await done(api, SUM)
    bench.tenant.faults({"operation": "conversations.delete", "when": "after", "do": {"cut": True}})
    assert (await api.threads.delete(run.thread_id)).id == run.thread_id
    await refused(api.runs.get(run.thread_id, run.id), NotFound, run.id)


async def test_a_thread_that_never_was(api: Assistants) -> None:
    assistant = await api.create(model=MODEL)
    for call in (
        api.threads.get("conv_none"),
        api.threads.update("conv_none", {}),
        api.threads.delete("conv_none"),
        api.messages.add("conv_none", user("x")),
        api.messages.get("conv_none", "msg_none"),
        api.messages.list_page("conv_none"),
        api.runs.create("conv_none", assistant.id),
    ):
        await refused(call, NotFound, "none")


async def test_an_unclear_end_of_a_thread_is_the_end(bench: Bench, api: Assistants) -> None:
    bench.tenant.faults({"operation": "conversations.create", "when": "after", "do": {"cut": True}})
    await refused(api.threads.create(), ServerError)
    assert (bench.register.confirmed, bench.register.refusals, bench.purse.kept) == ({}, [], 1)


# Messages -----------------------------------------------------------------------------------------------------------------


async def test_a_message_is_an_item(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create()
    added = await api.messages.add(thread.id, user("Hello"))
    assert (added.role, added.text, added.thread_id, added.run_id) == ("user", "Hello", thread.id, None)
    assert (added.metadata, added.created_at, added.citations) == ({}, None, ())
    assert await api.messages.get(thread.id, added.id) == added
    await refused(api.messages.get(thread.id, "msg_none"), NotFound, "msg_none")
    error = await refused(
        api.messages.add(thread.id, NewMessage(text="x", metadata={"a": "b"})), Unsupported, "keep it on the thread"
    )
    assert error.sent == 0
    await refused(api.messages.add(thread.id, NewMessage(text="x", role="system")), InvalidRequest, "role")


async def test_pages_of_messages_are_full_and_follow_each_other(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create()
    ids = [(await api.messages.add(thread.id, user(f"number {number}"))).id for number in range(5)]
    page = await api.messages.list_page(thread.id, limit=2)
    assert ([one.id for one in page.messages], page.next_cursor) == ([ids[4], ids[3]], ids[3])
    page = await api.messages.list_page(thread.id, limit=3, cursor=ids[3])
    assert ([one.id for one in page.messages], page.next_cursor) == ([ids[2], ids[1], ids[0]], None)
    ascending = [one.id async for one in api.messages.list(thread.id, page_size=2, order="asc")]
    assert ascending == ids
    await refused(api.messages.list_page(thread.id, limit=0), InvalidRequest, "limit")
    await refused(api.messages.list_page(thread.id, limit=101), InvalidRequest, "limit")
    await refused(api.messages.list_page(thread.id, cursor="msg_none"), NotFound, "msg_none")


async def test_only_messages_count(bench: Bench, api: Assistants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MOST_ITEMS", 2)
    run = await done(api, WEATHER_TWICE, WEATHER)
    outputs = [ToolOutput(call_id=call.id, output="sun") for call in run.calls]
    await api.runs.wait(await api.runs.submit(run.thread_id, run.id, outputs))
    await api.messages.add(run.thread_id, user("Thanks"))
    page = await api.messages.list_page(run.thread_id, limit=3)
    assert ([one.role for one in page.messages], page.next_cursor) == (["user", "assistant", "user"], None)
    page = await api.messages.list_page(run.thread_id, limit=2)
    assert page.next_cursor == page.messages[1].id
    assert len((await api.messages.list_page(run.thread_id, cursor=page.next_cursor)).messages) == 1
    call = next(one for one in held(bench, run.thread_id) if one["type"] == "function_call")
    await refused(api.messages.get(run.thread_id, call["id"]), NotFound, call["id"])


def held(bench: Bench, thread_id: str) -> list[dict[str, Any]]:
    """All that a conversation holds, oldest first, past the gateway."""
    headers = {"authorization": f"Bearer {bench.tenant.keys['OpenAI']}"}
    url = f"{bench.tenant.url}/v1/conversations/{thread_id}/items?order=asc&limit=100"
    found: list[dict[str, Any]] = httpx.get(url, headers=headers, trust_env=False).json()["data"]
    return found


def kinds(bench: Bench, thread_id: str) -> list[str]:
    return [one["type"] for one in held(bench, thread_id)]


async def test_a_list_that_comes_back_is_a_bad_response(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create()
    page: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": "msg_1", "has_more": True}
    bench.tenant.faults({"operation": "conversations.items.list", "times": 9, "do": {"status": 200, "body": page}})
    await refused(api.messages.list_page(thread.id), BadResponse, "msg_1")


async def test_the_messages_of_a_run(api: Assistants) -> None:
    first = await done(api, SUM)
    await api.messages.add(first.thread_id, user("What is 2 + 2?"))
    second = await api.runs.wait(await api.runs.create(first.thread_id, first.assistant_id))
    assert await said(api, first.thread_id, run_id=first.id) == [("assistant", "345")]
    assert await said(api, first.thread_id, run_id=second.id) == [("assistant", "4")]
    [only] = [one async for one in api.messages.list(first.thread_id, run_id=second.id)]
    assert only.run_id == second.id
    assert {one.run_id async for one in api.messages.list(first.thread_id)} == {None}
    await refused(api.messages.list_page(first.thread_id, run_id="run_none"), NotFound, "run_none")


async def test_the_messages_of_a_run_that_nobody_looked_at(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    assert await said(api, run.thread_id, run_id=run.id) == []
    bench.tenant.advance(60)
    assert await said(api, run.thread_id, run_id=run.id) == [("assistant", "345")]


async def test_a_thread_under_way_takes_no_message(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    error = await refused(api.messages.add(run.thread_id, user("more")), Conflict, run.thread_id)
    assert error.code == "conversation_locked"


async def test_a_thread_whose_run_waits_takes_no_message_and_no_run(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    before = len(bench.wire.exchanges)
    await refused(api.messages.add(run.thread_id, user("more")), Conflict, run.thread_id, run.id)
    assert len(bench.wire.exchanges) == before
    await refused(api.runs.create(run.thread_id, run.assistant_id), Conflict, run.calls[0].id)
    assert (await api.runs.get(run.thread_id, run.id)).status == "requires_action"


# Runs ---------------------------------------------------------------------------------------------------------------------


async def test_a_run_is_a_background_response(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM, WEATHER, instructions="Be brief.")
    assert (run.id[:4], run.status, run.model, run.instructions) == ("run_", "queued", MODEL, "Be brief.")
    assert (run.created_at, run.expires_at, run.usage, run.completed_at) == (NOW, NOW + RUN_SECONDS, None, None)
    [body] = sent(bench, "POST", "/v1/responses")
    [(_, _, _), (_, _, _), (_, kind, marker)] = bench.register.intended
    assert body == {
        "model": MODEL,
        "conversation": run.thread_id,
        "instructions": "Be brief.",
        "background": True,
        "store": True,
        "max_output_tokens": 256,
        "reasoning": {"effort": "none"},
        "tools": [
            {
                "type": "function",
                "name": "get_weather",
                "description": WEATHER.description,
                "parameters": WEATHER.parameters,
                "strict": False,
            }
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "include": ["file_search_call.results", "code_interpreter_call.outputs"],
        "metadata": {"touchstone": marker, "assistant": run.assistant_id},
    }
    assert (kind, bench.register.confirmed[2]) == ("response", run.raw["id"])
    assert (await api.runs.get(run.thread_id, run.id)).status == "queued"
    bench.tenant.advance(1)
    assert (await api.runs.get(run.thread_id, run.id)).status == "in_progress"
    ended = await api.runs.wait(run)
    assert (ended.status, ended.ended, ended.expires_at, ended.calls) == ("completed", True, None, ())
    assert ended.completed_at is not None
    assert ended.completed_at > NOW
    assert ended.usage == reading.usage_of(ended.raw)
    assert await said(api, run.thread_id) == [("user", SUM), ("assistant", "345")]


async def test_what_a_run_says_stands_before_its_assistant(bench: Bench, api: Assistants) -> None:
    run = await started(
        api,
        WEATHER_TWICE,
        WEATHER,
        instructions="Be long.",
        model="gpt-6-sol",
        tool_choice=WEATHER,
        parallel_calls=False,
        max_output_tokens=99,
    )
    again = await api.runs.wait(run)
    [body] = sent(bench, "POST", "/v1/responses")
    assert (body["model"], body["max_output_tokens"], body["parallel_tool_calls"]) == ("gpt-6-sol", 99, False)
    assert body["tool_choice"] == {"type": "function", "name": "get_weather"}
    assert "reasoning" not in body
    assert (again.model, len(again.calls)) == ("gpt-6-sol", 1)


async def test_a_runs_own_instructions(bench: Bench, api: Assistants) -> None:
    assistant = await api.create(model=MODEL, instructions="Be long.", temperature=0.25)
    thread = await api.threads.create((user(SUM),))
    run = await api.runs.create(thread.id, assistant.id, instructions="Be brief.")
    await api.update(assistant.id, instructions="Be silent.", model="gpt-6-sol")
    ended = await api.runs.wait(run)
    assert (ended.instructions, ended.model) == ("Be brief.", MODEL)
    [body] = sent(bench, "POST", "/v1/responses")
    assert (body["instructions"], body["temperature"]) == ("Be brief.", 0.25)
    assert not {"tools", "tool_choice"} & body.keys()


async def test_what_a_run_cannot_be_asked(bench: Bench, api: Assistants) -> None:
    assistant = await api.create(model=MODEL)
    thread = await api.threads.create((user(SUM),))
    before = len(bench.wire.exchanges)
    await refused(api.runs.create(thread.id, assistant.id, tool_choice=WEATHER), InvalidRequest, "get_weather")
    await refused(api.runs.create(thread.id, assistant.id, tool_choice="required"), InvalidRequest, "tool_choice")
    await refused(api.runs.create(thread.id, assistant.id, instructions="x" * 256_001), InvalidRequest, "instructions")
    assert len(bench.wire.exchanges) == before
    await refused(api.runs.create(thread.id, assistant.id, max_output_tokens=15), InvalidRequest, "max_output_tokens")
    await refused(api.runs.create(thread.id, assistant.id, model="gpt-none"), InvalidRequest, "gpt-none")
    assert bench.register.refusals == [2, 3]


async def test_one_run_at_a_time(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    error = await refused(api.runs.create(run.thread_id, run.assistant_id), Conflict)
    assert error.code == "conversation_locked"
    assert served(bench, "responses.create") == 2


async def test_a_run_that_never_was(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    other = await api.threads.create()
    before = len(bench.wire.exchanges)
    for thread_id, run_id in ((run.thread_id, "run_none"), (other.id, run.id)):
        for call in (
            api.runs.get(thread_id, run_id),
            api.runs.cancel(thread_id, run_id),
            api.runs.steps(thread_id, run_id),
            api.runs.submit(thread_id, run_id, ()),
        ):
            await refused(call, NotFound, run_id)
    assert len(bench.wire.exchanges) == before


async def test_another_gateway_finds_the_run(bench: Bench, api: Assistants, place: str) -> None:
    run = await started(api, SUM)
    other = gateway_of(bench, place).assistants
    ended = await other.runs.wait(run)
    assert ended.status == "completed"
    assert await api.runs.get(run.thread_id, run.id) == ended
    assert len(bench.purse.settled_late) == 1  # by the gateway that has the bill, though the other saw the end first


async def test_a_run_that_reaches_its_limit_is_incomplete(api: Assistants) -> None:
    ended = await done(api, "Say exactly: " + "many words " * 60, max_output_tokens=16)
    assert (ended.status, ended.incomplete_reason) == ("incomplete", "max_completion_tokens")
    assert ended.usage is not None
    assert ended.usage.output_tokens <= 16


async def test_a_call_that_was_cut_does_not_bar_the_thread(bench: Bench, api: Assistants) -> None:
    place = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
    ended = await done(api, f"What is the weather in {place} {place}?", WEATHER, max_output_tokens=16)
    assert (ended.status, ended.calls) == ("incomplete", ())
    assert "function_call" not in kinds(bench, ended.thread_id)
    await api.messages.add(ended.thread_id, user(SUM))
    assert (await api.runs.wait(await api.runs.create(ended.thread_id, ended.assistant_id))).status == "completed"


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded", "invalid_prompt"])
async def test_a_run_that_fails_says_why(bench: Bench, api: Assistants, code: str) -> None:
    bench.tenant.faults({"operation": "responses.create", "do": {"outcome": code}})
    ended = await done(api, SUM)
    assert (ended.status, ended.usage, ended.completed_at, ended.expires_at) == ("failed", None, None, None)
    assert ended.failure is not None
    assert (ended.failure.code, bool(ended.failure.message)) == (code, True)
    assert bench.purse.settled_late == []
    assert await api.runs.steps(ended.thread_id, ended.id) == ()


async def test_complete_begins_a_new_run_after_a_failure(bench: Bench, api: Assistants) -> None:
    assistant = await api.create(model=MODEL)
    thread = await api.threads.create((user(SUM),))
    bench.tenant.faults({"operation": "responses.create", "do": {"outcome": "server_error"}})
    run = await api.runs.complete(thread.id, assistant.id)
    assert (run.status, served(bench, "responses.create")) == ("completed", 2)
    assert await said(api, thread.id) == [("user", SUM), ("assistant", "345")]
    bench.tenant.faults({"operation": "responses.create", "times": 2, "do": {"outcome": "server_error"}})
    await refused(api.runs.complete(thread.id, assistant.id), JobFailed)
    bench.tenant.faults({"operation": "responses.create", "times": 3, "do": {"outcome": "rate_limit_exceeded"}})
    await refused(api.runs.complete(thread.id, assistant.id), RateLimited)


# Money --------------------------------------------------------------------------------------------------------------------


async def test_a_run_is_settled_once_when_its_end_is_seen(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    operation = bench.purse.reserved[-1]
    assert (operation.name, operation.model) == ("runs.create", MODEL)
    assert operation.bound is not None
    assert operation.bound.output_tokens == 256
    assert operation.bound.input_tokens < 1000
    assert (bench.purse.kept, bench.purse.settled_late) == (1, [])
    ended = await api.runs.wait(run)
    await api.runs.get(run.thread_id, run.id)
    assert bench.purse.settled_late == [(ended.usage, Decimal(0))]


async def test_the_bound_of_the_next_run_knows_what_was_said(bench: Bench, api: Assistants) -> None:
    run = await done(api, SUM)
    await api.runs.create(run.thread_id, run.assistant_id)
    first, second = [one.bound for one in bench.purse.reserved if one.name == "runs.create"]
    assert first is not None
    assert second is not None
    assert second.input_tokens > first.input_tokens


def test_usage_is_told_without_overlap() -> None:
    figures = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "output_tokens": 7,
    }
    assert reading.usage_of({"usage": figures}) == Usage(
        uncached_input_tokens=30, cache_read_tokens=60, cache_write_5m_tokens=10, output_tokens=7
    )


def test_fees_are_those_of_searches_and_new_containers() -> None:
    output = [{"type": "file_search_call"}, {"type": "file_search_call"}, {"type": "message"}]
    assert reading.fees_of(output, 0) == Decimal("0.005")
    assert reading.fees_of([], 1) == Decimal("0.03")
    assert reading.fees_of([], 0) == 0


# Functions ----------------------------------------------------------------------------------------------------------------


async def test_a_run_waits_for_its_function(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER, tool_choice="required", instructions="Be brief.")
    assert (run.status, run.ended, run.usage, run.expires_at) == ("requires_action", False, None, NOW + RUN_SECONDS)
    [call] = run.calls
    assert (call.name, call.arguments) == ("get_weather", {"location": "Rome"})
    [step] = await api.runs.steps(run.thread_id, run.id)
    assert (step.kind, step.status, step.call, step.output) == ("function", "in_progress", call, None)
    assert len(bench.purse.settled_late) == 1
    queued = await api.runs.submit(run.thread_id, run.id, (ToolOutput(call_id=call.id, output="18 degrees"),))
    assert (queued.status, queued.id, queued.calls) == ("queued", run.id, ())
    first, second = sent(bench, "POST", "/v1/responses")
    assert second["input"] == [{"type": "function_call_output", "call_id": call.id, "output": "18 degrees"}]
    unlike = {"input", "tool_choice", "metadata"}
    assert {key: second[key] for key in second.keys() - unlike} == {key: first[key] for key in first.keys() - unlike}
    assert (first["tool_choice"], second["tool_choice"]) == ("required", "auto")
    ended = await api.runs.wait(queued)
    assert ended.status == "completed"
    assert await said(api, run.thread_id, run_id=run.id) == [("assistant", "18 degrees")]
    assert [kind for _, kind, _ in bench.register.intended].count("response") == 2
    told, _ = zip(*bench.purse.settled_late, strict=True)
    assert len(told) == 2
    assert ended.usage is not None
    assert ended.usage.input_tokens == sum(usage.input_tokens for usage in told)
    called, message = await api.runs.steps(run.thread_id, run.id)
    assert (called.status, called.output, called.call) == ("completed", "18 degrees", call)
    assert (message.kind, message.status) == ("message", "completed")
    assert message.message_id is not None
    assert (await api.messages.get(run.thread_id, message.message_id)).text == "18 degrees"


async def test_outputs_must_be_those_of_all_calls(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_TWICE, WEATHER)
    first, second = run.calls
    partial = (ToolOutput(call_id=first.id, output="sun"),)
    await refused(api.runs.submit(run.thread_id, run.id, partial), InvalidRequest, second.id)
    unknown = (*partial, ToolOutput(call_id=second.id, output="rain"), ToolOutput(call_id="call_none", output="x"))
    await refused(api.runs.submit(run.thread_id, run.id, unknown), InvalidRequest, "call_none")
    await refused(api.runs.submit(run.thread_id, run.id, ()), InvalidRequest)
    assert (await api.runs.get(run.thread_id, run.id)).calls == run.calls
    assert len(bench.register.refusals) == 3
    whole = (*partial, ToolOutput(call_id=second.id, output="rain"))
    ended = await api.runs.wait(await api.runs.submit(run.thread_id, run.id, whole))
    assert ended.status == "completed"
    steps = await api.runs.steps(run.thread_id, run.id)
    assert [step.output for step in steps] == ["sun", "rain", None]


async def test_outputs_are_taken_only_while_a_run_waits(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    posts = len(sent(bench, "POST", "/v1/responses"))
    await refused(api.runs.submit(run.thread_id, run.id, ()), Conflict, '"queued"')
    await api.runs.wait(run)
    await refused(api.runs.submit(run.thread_id, run.id, ()), Conflict, '"completed"')
    assert len(sent(bench, "POST", "/v1/responses")) == posts


async def test_arguments_that_are_no_json_are_a_bad_response(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    for text in ('{"location": "Ro', "[]"):
        body = {**run.raw, "output": [{**run.raw["output"][0], "arguments": text}]}
        bench.tenant.faults({"operation": "responses.get", "do": {"status": 200, "body": body}})
        await refused(api.runs.get(run.thread_id, run.id), BadResponse, "get_weather")


# The provider's tools -----------------------------------------------------------------------------------------------------


async def test_a_search_is_a_step_and_cites(bench: Bench, gateway: OpenAIGateway, api: Assistants) -> None:
    store = await gateway.vector_stores.create("topics")
    document = await gateway.vector_stores.add(store.id, FIXTURES / "bees.txt")
    await gateway.vector_stores.wait(store.id)
    question = "What do foragers follow the dancing bee with?"
    ended = await done(api, question, SearchTool(store_ids=(store.id,)))
    assert ended.status == "completed"
    search, message = await api.runs.steps(ended.thread_id, ended.id)
    assert (search.kind, search.status, message.kind) == ("search", "completed", "message")
    assert (search.found[0].file_id, search.found[0].name) == (document.id, "bees.txt")
    assert "feelers" in (search.found[0].text or "")
    assert 0 <= search.found[0].score <= 1
    [answer] = [one async for one in api.messages.list(ended.thread_id, run_id=ended.id)]
    assert answer.citations == (Citation(file_id=document.id, name="bees.txt", marked_text=None),)
    assert bench.purse.settled_late == [(ended.usage, Decimal("0.0025"))]


async def test_a_program_is_a_step_and_its_container_is_adopted(bench: Bench, api: Assistants) -> None:
    ended = await done(api, "Run a program that computes the sum of 1 to 10.", CodeTool(), tool_choice="required")
    code, message = await api.runs.steps(ended.thread_id, ended.id)
    assert (code.kind, message.kind) == ("code", "message")
    assert code.code
    assert code.logs
    [container] = bench.tenant.state()["inventory"]["OpenAI"]["containers"]
    number = [kind for _, kind, _ in bench.register.intended].index("container")
    assert bench.register.confirmed[number] == container
    assert [fees for _, fees in bench.purse.settled_late] == [Decimal("0.03")]
    await api.messages.add(ended.thread_id, user("Run a program that computes the sum of 1 to 20."))
    again = await api.runs.create(ended.thread_id, ended.assistant_id, tool_choice="required")
    await api.runs.wait(again)
    assert [fees for _, fees in bench.purse.settled_late] == [Decimal("0.03"), Decimal(0)]
    assert [kind for _, kind, _ in bench.register.intended].count("container") == 1
    await api.discard("container", container)
    assert (Provider.OPENAI, "container", container) in bench.register.removals
    assert "containers" not in bench.tenant.state()["inventory"]["OpenAI"]


def test_what_a_program_printed() -> None:
    item = {"outputs": [{"type": "logs", "logs": "1\n"}, {"type": "image", "url": "x"}, {"type": "logs", "logs": "2"}]}
    assert (reading.logs_of(item), reading.logs_of({"outputs": None}), reading.logs_of({"outputs": []})) == (
        "1\n2",
        None,
        "",
    )


def test_thinking_is_no_step() -> None:
    assert reading.steps_of("run_1", [{"id": "rs_1", "type": "reasoning", "summary": []}], {}, None) == []


def test_only_stored_files_are_cited() -> None:
    annotations = [
        {"type": "container_file_citation", "file_id": "cfile_1", "filename": "a.csv"},
        {"type": "file_citation", "file_id": "file-1", "filename": "ts-tests-abcdefgh~b.txt", "index": 3},
    ]
    assert messages.citations(annotations) == [Citation(file_id="file-1", name="b.txt", marked_text=None)]


def test_tools_are_spelled_as_the_provider_does() -> None:
    assert requests.wire_tools((SearchTool(store_ids=("vs_1",)), CodeTool(file_ids=("file-1",)))) == [
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}},
    ]
    assert (requests.choice_to_follow(WEATHER), requests.choice_to_follow("none")) == ("auto", "none")


# Cancelling ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", [0, 1])
async def test_a_run_under_way_is_cancelled(bench: Bench, api: Assistants, later: int) -> None:
    run = await started(api, SUM)
    bench.tenant.advance(later)
    cancelled = await api.runs.cancel(run.thread_id, run.id)
    assert (cancelled.status, cancelled.expires_at, cancelled.usage) == ("cancelled", None, None)
    assert (await api.runs.get(run.thread_id, run.id)).status == "cancelled"
    before = len(bench.wire.exchanges)
    await refused(api.runs.cancel(run.thread_id, run.id), Conflict, "'cancelled'")
    assert len(bench.wire.exchanges) == before
    assert bench.purse.settled_late == []  # nobody tells what it took: it stays reserved
    await api.messages.add(run.thread_id, user("What is 2 + 2?"))
    assert (await api.runs.wait(await api.runs.create(run.thread_id, run.assistant_id))).status == "completed"


async def test_a_run_that_waits_is_cancelled_and_leaves_the_thread(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_TWICE, WEATHER)
    cancelled = await api.runs.cancel(run.thread_id, run.id)
    assert (cancelled.status, cancelled.calls, cancelled.expires_at) == ("cancelled", (), None)
    assert kinds(bench, run.thread_id) == ["message"]
    assert (await api.runs.get(run.thread_id, run.id)).status == "cancelled"
    assert {step.status for step in await api.runs.steps(run.thread_id, run.id)} == {"cancelled"}
    outputs = [ToolOutput(call_id=call.id, output="sun") for call in run.calls]
    await refused(api.runs.submit(run.thread_id, run.id, outputs), Conflict, '"cancelled"')
    await api.messages.add(run.thread_id, user(SUM))
    assert (await api.runs.wait(await api.runs.create(run.thread_id, run.assistant_id))).status == "completed"


async def test_a_run_that_waits_unseen_is_cancelled(bench: Bench, api: Assistants) -> None:
    run = await started(api, WEATHER_IN_ROME, WEATHER)
    bench.tenant.advance(60)
    assert (await api.runs.cancel(run.thread_id, run.id)).status == "cancelled"
    assert kinds(bench, run.thread_id) == ["message"]


async def test_a_run_that_has_ended_is_not_cancelled(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    bench.tenant.advance(60)
    await refused(api.runs.cancel(run.thread_id, run.id), Conflict, "'completed'")
    assert len(bench.purse.settled_late) == 1
    before = len(bench.wire.exchanges)
    await refused(api.runs.cancel(run.thread_id, run.id), Conflict, "'completed'")
    assert len(bench.wire.exchanges) == before


async def test_a_provider_that_refuses_to_cancel_is_asked(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    body = {"error": {"message": "Cannot cancel a completed response.", "type": "invalid_request_error"}}
    bench.tenant.faults({"operation": "responses.cancel", "do": {"status": 400, "body": body}})
    assert (await api.runs.cancel(run.thread_id, run.id)).status == "cancelled"


async def test_an_unclear_cancel_is_repeated(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    bench.tenant.faults({"operation": "responses.cancel", "when": "after", "do": {"cut": True}})
    assert (await api.runs.cancel(run.thread_id, run.id)).status == "cancelled"


# The deadline -------------------------------------------------------------------------------------------------------------


async def test_a_run_that_waits_too_long_expires(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    left = (NOW + RUN_SECONDS - bench.tenant.now()).total_seconds()
    bench.tenant.advance(left - 1)
    assert (await api.runs.get(run.thread_id, run.id)).status == "requires_action"
    bench.tenant.advance(1)
    expired = await api.runs.get(run.thread_id, run.id)
    assert (expired.status, expired.calls, expired.expires_at) == ("expired", (), None)
    assert expired.usage is not None
    assert kinds(bench, run.thread_id) == ["message"]
    assert (await api.runs.get(run.thread_id, run.id)).status == "expired"
    await refused(api.runs.cancel(run.thread_id, run.id), Conflict, "'expired'")
    [step] = await api.runs.steps(run.thread_id, run.id)
    assert step.status == "expired"
    assert (await api.messages.add(run.thread_id, user(SUM))).text == SUM


async def test_outputs_after_the_deadline_are_not_sent(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    bench.tenant.advance(600)
    output = ToolOutput(call_id=run.calls[0].id, output="sun")
    await refused(api.runs.submit(run.thread_id, run.id, (output,)), Conflict, '"expired"')
    assert served(bench, "responses.create") == 1


async def test_a_run_under_way_past_its_deadline_is_cancelled(bench: Bench, api: Assistants) -> None:
    durations(bench, queue=5000)
    run = await started(api, SUM)
    bench.tenant.advance(600)
    expired = await api.runs.get(run.thread_id, run.id)
    assert (expired.status, expired.raw["status"]) == ("expired", "cancelled")
    assert served(bench, "responses.cancel") == 1
    assert (await api.runs.get(run.thread_id, run.id)).status == "expired"
    assert (await api.messages.add(run.thread_id, user(SUM))).text == SUM


async def test_an_overdue_run_that_nobody_looked_at_bars_no_new_one(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    bench.tenant.advance(600)
    await api.messages.add(run.thread_id, user(SUM))
    assert (await api.runs.wait(await api.runs.create(run.thread_id, run.assistant_id))).status == "completed"
    assert (await api.runs.get(run.thread_id, run.id)).status == "expired"


async def test_an_overdue_run_that_nobody_ever_saw_bars_no_new_one(bench: Bench, api: Assistants) -> None:
    run = await started(api, WEATHER_IN_ROME, WEATHER)
    bench.tenant.advance(600)
    again = await api.runs.create(run.thread_id, run.assistant_id)
    assert (await api.runs.wait(again)).status == "requires_action"
    assert (await api.runs.get(run.thread_id, run.id)).status == "expired"


async def test_a_run_that_ended_before_the_deadline_did_not_expire(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    bench.tenant.advance(6000)
    assert (await api.runs.get(run.thread_id, run.id)).status == "completed"


# Unclear ends -------------------------------------------------------------------------------------------------------------


async def test_a_run_that_never_began_is_created_again(bench: Bench, api: Assistants) -> None:
    bench.tenant.faults({"operation": "responses.create", "do": {"status": 500}})
    ended = await done(api, SUM)
    assert ended.status == "completed"
    assert len(bench.tenant.state()["inventory"]["OpenAI"]["responses"]) == 1
    assert len(bench.purse.settled_late) == 1


async def test_a_run_whose_answer_is_there_took_effect(bench: Bench, api: Assistants) -> None:
    durations(bench, queue=0, run=0)
    bench.tenant.faults(CUT_AFTER)
    run = await started(api, SUM)
    assert (run.status, run.usage, run.raw["id"]) == ("completed", None, None)
    assert served(bench, "responses.create") == 1
    assert await api.runs.get(run.thread_id, run.id) == run
    assert await said(api, run.thread_id, run_id=run.id) == [("assistant", "345")]
    [step] = await api.runs.steps(run.thread_id, run.id)
    assert step.kind == "message"
    assert (bench.purse.settled_late, len(bench.register.confirmed), len(bench.register.intended)) == ([], 2, 3)
    assert bench.register.refusals == []


async def test_a_run_that_is_under_way_is_not_created_twice(bench: Bench, api: Assistants, place: str) -> None:
    durations(bench, queue=5, run=5)
    bench.tenant.faults(CUT_AFTER)
    run = await started(api, SUM, instructions="Be brief.")
    assert (run.status, run.instructions) == ("in_progress", "Be brief.")
    assert len(bench.tenant.state()["inventory"]["OpenAI"]["responses"]) == 1
    assert (await api.runs.get(run.thread_id, run.id)).status == "in_progress"
    await refused(api.runs.cancel(run.thread_id, run.id), Conflict, "id of its response never came")
    ended = await gateway_of(bench, place).assistants.runs.wait(run)
    assert (ended.status, ended.usage) == ("completed", None)
    await api.messages.add(run.thread_id, user("What is 2 + 2?"))
    second = await api.runs.wait(await api.runs.create(run.thread_id, run.assistant_id))
    assert await said(api, run.thread_id, run_id=run.id) == [("assistant", "345")]
    assert await said(api, run.thread_id, run_id=second.id) == [("assistant", "4")]
    assert (await api.runs.get(run.thread_id, run.id)).status == "completed"


async def test_an_earlier_answer_is_not_taken_for_the_runs_own(bench: Bench, api: Assistants) -> None:
    first = await done(api, SUM)
    bench.tenant.faults({"operation": "responses.create", "do": {"status": 500}})
    second = await api.runs.create(first.thread_id, first.assistant_id)
    assert (second.status, served(bench, "responses.create")) == ("queued", 3)
    await api.runs.wait(second)
    assert len(await said(api, first.thread_id)) == 3


async def test_a_message_by_hand_is_not_taken_for_an_answer(bench: Bench, api: Assistants) -> None:
    assistant = await api.create(model=MODEL)
    thread = await api.threads.create((user(SUM),))
    await api.messages.add(thread.id, NewMessage(text="Let me think.", role="assistant"))
    bench.tenant.faults({"operation": "responses.create", "do": {"status": 500}})
    assert (await api.runs.create(thread.id, assistant.id)).status == "queued"


async def test_anothers_run_is_not_taken_for_the_runs_own(bench: Bench, api: Assistants) -> None:
    durations(bench, queue=60)
    first = await started(api, SUM)
    bench.tenant.faults({"operation": "responses.create", "do": {"status": 500}})
    await refused(api.runs.create(first.thread_id, first.assistant_id), Conflict)
    assert len(bench.tenant.state()["inventory"]["OpenAI"]["responses"]) == 1


async def test_a_run_without_an_id_can_wait_for_outputs(bench: Bench, api: Assistants) -> None:
    durations(bench, queue=5, run=5)
    bench.tenant.faults(CUT_AFTER)
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    assert run.status == "requires_action"
    output = ToolOutput(call_id=run.calls[0].id, output="18 degrees")
    ended = await api.runs.wait(await api.runs.submit(run.thread_id, run.id, (output,)))
    assert (ended.status, ended.usage) == ("completed", None)
    called, message = await api.runs.steps(run.thread_id, run.id)
    assert (called.output, message.kind) == ("18 degrees", "message")


async def test_a_run_without_an_id_expires(bench: Bench, api: Assistants) -> None:
    durations(bench, queue=5000)
    bench.tenant.faults(CUT_AFTER)
    run = await started(api, SUM)
    bench.tenant.advance(600)
    assert (await api.runs.get(run.thread_id, run.id)).status == "expired"


@pytest.mark.parametrize("seconds", [0, 5])
async def test_outputs_are_not_submitted_twice(bench: Bench, api: Assistants, seconds: int) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    durations(bench, queue=seconds, run=seconds)
    bench.tenant.faults(CUT_AFTER)
    output = ToolOutput(call_id=run.calls[0].id, output="18 degrees")
    going = await api.runs.submit(run.thread_id, run.id, (output,))
    assert going.status == ("in_progress" if seconds else "completed")
    ended = await api.runs.wait(going)
    assert (ended.status, ended.usage) == ("completed", None)
    assert kinds(bench, run.thread_id).count("function_call_output") == 1
    assert len(bench.tenant.state()["inventory"]["OpenAI"]["responses"]) == 2
    called, message = await api.runs.steps(run.thread_id, run.id)
    assert (called.output, message.kind) == ("18 degrees", "message")


async def test_an_end_that_stays_unclear_is_told(bench: Bench, api: Assistants) -> None:
    bench.tenant.faults({"operation": "responses.create", "times": 9, "do": {"status": 500}})
    await refused(started(api, SUM), ServerError)
    assert bench.purse.kept == 1
    assert bench.register.refusals == []


async def test_a_create_that_times_out_is_looked_for(bench: Bench, place: str) -> None:
    api = gateway_of(bench, place, request_timeout=0.3).assistants
    durations(bench, queue=0, run=0)
    bench.tenant.faults({"operation": "responses.create", "when": "after", "do": {"delay_ms": 900}})
    run = await started(api, SUM)
    assert (run.status, run.raw["id"], served(bench, "responses.create")) == ("completed", None, 1)


# Streaming ----------------------------------------------------------------------------------------------------------------


async def streamed(api: Assistants, text: str, *tools: Any, **asked: Any) -> tuple[list[Any], Run]:
    assistant = await api.create(model=MODEL, tools=tools)
    thread = await api.threads.create((user(text),))
    stream = api.runs.stream(thread.id, assistant.id, **asked)
    with pytest.raises(LookupError):
        _ = stream.run
    events = [event.text or event.status async for event in stream]
    return events, stream.run


async def test_a_run_can_be_watched(bench: Bench, api: Assistants) -> None:
    events, run = await streamed(api, "Say exactly: one two three four five")
    assert (events[:2], events[-1]) == (["queued", "in_progress"], "completed")
    assert len(events) > 4
    [(_, text)] = await said(api, run.thread_id, run_id=run.id)
    assert "".join(events[2:-1]) == text
    assert run.status == "completed"
    assert bench.register.confirmed[2] == run.raw["id"]
    assert bench.register.intended[2][1] == "response"
    [body] = sent(bench, "POST", "/v1/responses")
    assert (body["stream"], body["background"]) == (True, True)
    assert (await api.runs.get(run.thread_id, run.id)).status == "completed"
    assert bench.purse.settled_late == [(run.usage, Decimal(0))]


async def test_a_watched_search_is_paid_for(bench: Bench, gateway: OpenAIGateway, api: Assistants) -> None:
    store = await gateway.vector_stores.create("topics")
    await gateway.vector_stores.add(store.id, FIXTURES / "bees.txt")
    await gateway.vector_stores.wait(store.id)
    question = "What do foragers follow the dancing bee with?"
    _, run = await streamed(api, question, SearchTool(store_ids=(store.id,)))
    assert bench.purse.settled_late == [(run.usage, Decimal("0.0025"))]


async def test_a_stream_that_ends_too_early_is_no_run(bench: Bench, api: Assistants) -> None:
    thread = await api.threads.create((user(SUM),))
    assistant = await api.create(model=MODEL)
    bench.tenant.faults({"operation": "responses.create", "do": {"status": 200, "body": {}}})
    stream = api.runs.stream(thread.id, assistant.id)
    with pytest.raises(ServerError, match="before the run did"):
        async for _ in stream:
            pass
    with pytest.raises(LookupError):
        _ = stream.run


async def test_a_watched_run_can_wait_for_outputs(api: Assistants) -> None:
    events, run = await streamed(api, WEATHER_IN_ROME, WEATHER)
    assert events == ["queued", "in_progress", "requires_action"]
    assert run.calls[0].arguments == {"location": "Rome"}
    output = ToolOutput(call_id=run.calls[0].id, output="18 degrees")
    ended = await api.runs.wait(await api.runs.submit(run.thread_id, run.id, (output,)))
    assert ended.status == "completed"


async def test_a_watched_run_can_fail(bench: Bench, api: Assistants) -> None:
    bench.tenant.faults({"operation": "responses.create", "do": {"outcome": "server_error"}})
    events, run = await streamed(api, SUM)
    assert (events[-1], run.status) == ("failed", "failed")
    assert run.failure is not None
    assert run.failure.code == "server_error"


async def test_a_stream_that_cannot_begin(bench: Bench, api: Assistants) -> None:
    run = await started(api, SUM)
    with pytest.raises(Conflict):
        async for _ in api.runs.stream(run.thread_id, run.assistant_id):
            pass


async def test_a_stream_that_is_left_can_be_looked_at(bench: Bench, api: Assistants, place: str) -> None:
    assistant = await api.create(model=MODEL)
    thread = await api.threads.create((user(SUM),))
    stream = api.runs.stream(thread.id, assistant.id)
    events: Iterator[Any] | Any = aiter(stream)
    assert (await anext(events)).status == "queued"
    await events.aclose()
    assert bench.register.confirmed.keys() == {0, 1, 2}
    bench.tenant.advance(60)
    [run] = KeptStore(place, account_of(bench.endpoint(Provider.OPENAI))).runs_of(thread.id)
    assert (await api.runs.get(thread.id, run.id)).status == "completed"


# Removing -----------------------------------------------------------------------------------------------------------------


async def test_what_was_made_beside_can_be_discarded(bench: Bench, api: Assistants) -> None:
    run = await done(api, SUM)
    response = run.raw["id"]
    await api.discard("response", response)
    await refused(api.runs.get(run.thread_id, run.id), NotFound, run.id)
    await api.discard("conversation", run.thread_id)
    assert bench.register.removals == [
        (Provider.OPENAI, "response", response),
        (Provider.OPENAI, "conversation", run.thread_id),
    ]
    assert bench.tenant.state()["inventory"].get("OpenAI", {}) == {}
    await refused(api.discard("response", response), NotFound, response)
    await refused(api.discard("container", "cntr_none"), NotFound, "cntr_none")
    await refused(api.discard("conversation", run.thread_id), NotFound, run.thread_id)
    await refused(api.discard("shoe", "shoe_1"), Unsupported, "shoe")


async def test_a_run_outlives_its_earlier_responses(bench: Bench, api: Assistants) -> None:
    run = await done(api, WEATHER_IN_ROME, WEATHER)
    first = run.raw["id"]
    output = ToolOutput(call_id=run.calls[0].id, output="sun")
    await api.runs.wait(await api.runs.submit(run.thread_id, run.id, (output,)))
    await api.discard("response", first)
    assert (await api.runs.get(run.thread_id, run.id)).status == "completed"


def test_a_message_has_all_that_was_said() -> None:
    item = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "one ", "annotations": []}, {"type": "refusal", "refusal": "two"}],
    }
    told = messages.thread_message(item, "conv_1", "run_1")
    assert isinstance(told, ThreadMessage)
    assert (told.text, told.run_id) == ("one two", "run_1")
