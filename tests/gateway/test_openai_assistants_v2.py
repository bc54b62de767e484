"""OpenAI's Assistants API against the running simulator, some days before it was switched off, and after that."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio.lowlevel
import openai
import pytest

from support.errors import (
    BadResponse,
    Conflict,
    InvalidRequest,
    JobFailed,
    LimitExceeded,
    NotFound,
    RateLimited,
    Retired,
    ServerError,
    TouchstoneError,
    WaitTimeout,
)
from support.gateway.capabilities import Assistants
from support.gateway.openai.assistants_v2 import reading, sdk, streaming
from support.gateway.openai.assistants_v2.assistants import AssistantsV2
from support.gateway.openai.assistants_v2.errors import knows_no_such_url
from support.gateway.openai.assistants_v2.fees import fees_of
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.runs import RunOrder
from support.values import (
    Assistant,
    CodeTool,
    FunctionTool,
    NewMessage,
    Provider,
    Run,
    RunEvent,
    RunStep,
    SearchTool,
    Thread,
    ToolOutput,
    Usage,
)
from tests.gateway.conftest import ATTEMPTS, ROOT, Bench, Tenant

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
NOW = datetime(2026, 8, 20, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BEES = ROOT / "fixtures" / "bees.txt"
QUESTION = "What do foragers follow the dancing bee with?"
WEATHER = FunctionTool(
    name="get_weather",
    description="Tells the weather in a city",
    parameters={
        "type": "object",
        "properties": {"location": {"type": "string", "enum": ["Paris", "Rome"], "minLength": 1}},
        "required": ["location"],
    },
)
CUT = {"operation": "runs.create", "when": "after", "do": {"cut": True}}
ASSISTANT, THREAD = "asst_none", "thread_none"


@pytest.fixture
def tenant(simulator_url: str) -> Iterator[Tenant]:
    """The API is still there."""
    made = Tenant(simulator_url, NOW.isoformat())
    yield made
    made.close()


@pytest.fixture
def gateway(bench: Bench) -> OpenAIGateway:
    return OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)


@pytest.fixture
def v2(bench: Bench, gateway: OpenAIGateway) -> AssistantsV2:
    made: Assistants = AssistantsV2(bench.choke, gateway._client)
    assert isinstance(made, AssistantsV2)
    return made


def served(bench: Bench, operation: str) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"OpenAI {operation}", 0))


def sent(bench: Bench, end: str) -> list[dict[str, Any]]:
    """The bodies of all requests whose path ends so."""
    return [
        exchange.request.json()
        for exchange in bench.wire.exchanges
        if exchange.method == "POST" and exchange.path.endswith(end)
    ]


async def asked(v2: AssistantsV2, *texts: str) -> Thread:
    return await v2.threads.create([NewMessage(text=text) for text in texts])


async def done(v2: AssistantsV2, assistant: Assistant, *texts: str, **wanted: Any) -> Run:
    """A run over a new thread, to where it stops."""
    run = await v2.runs.create((await asked(v2, *texts)).id, assistant.id, **wanted)
    return await v2.runs.wait(run)


async def answer(v2: AssistantsV2, run: Run) -> str:
    page = await v2.messages.list_page(run.thread_id, limit=1)
    return page.messages[0].text


# Assistants -----------------------------------------------------------------------------------------------------------


async def test_an_assistant_is_reported_as_it_was_asked_for(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(
        model=MODEL,
        name="Hafen ~ß",
        description="helps",
        instructions="Be short.",
        tools=(WEATHER, CodeTool()),
        metadata={"team": "harbour"},
        temperature=0.5,
    )
    [(provider, kind, marker)] = bench.register.intended
    assert (provider, kind, one.marked) == (Provider.OPENAI, "v2_assistant", marker)
    assert bench.register.confirmed == {0: one.id}
    assert (one.provider, one.model, one.name, one.description) == (Provider.OPENAI, MODEL, "Hafen ~ß", "helps")
    assert (one.instructions, one.metadata, one.temperature) == ("Be short.", {"team": "harbour"}, 0.5)
    assert (one.tools, one.created_at) == ((WEATHER, CodeTool()), NOW)
    assert one.raw["metadata"] == {"team": "harbour", "touchstone": marker}
    assert await v2.get(one.id) == one
    assert [assistant async for assistant in v2.list()] == [one]
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"assistants": [one.id]}}
    assert bench.wire.exchanges[0].request_headers["openai-beta"] == "assistants=v2"
    assert [operation.bound for operation in bench.purse.reserved] == [None] * 3


async def test_nothing_is_sent_of_what_was_not_said(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL)
    assert sent(bench, "/assistants") == [{"model": MODEL, "metadata": {"touchstone": one.marked}}]
    assert (one.name, one.description, one.instructions, one.tools, one.metadata) == (None, None, None, (), {})


async def test_a_function_without_description_sends_none_and_comes_back_the_same(
    bench: Bench, v2: AssistantsV2
) -> None:
    bare = FunctionTool(name="bare")
    one = await v2.create(model=MODEL, tools=(bare,))
    assert sent(bench, "/assistants")[0]["tools"] == [
        {"type": "function", "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}}}
    ]
    assert one.tools == (bare,)


async def test_files_and_stores_stand_in_the_tools(bench: Bench, gateway: OpenAIGateway, v2: AssistantsV2) -> None:
    file = await gateway.files.upload(BEES, purpose="assistants")
    store = await gateway.vector_stores.create("shelf")
    tools = (CodeTool(file_ids=(file.id,)), SearchTool(store_ids=(store.id,)))
    one = await v2.create(model=MODEL, tools=tools)
    body = sent(bench, "/assistants")[0]
    assert body["tools"] == [{"type": "code_interpreter"}, {"type": "file_search"}]
    assert body["tool_resources"] == {
        "code_interpreter": {"file_ids": [file.id]},
        "file_search": {"vector_store_ids": [store.id]},
    }
    assert one.tools == tools
    emptied = await v2.update(one.id, tools=(SearchTool(), CodeTool()))
    assert emptied.tools == (SearchTool(), CodeTool())
    assert (await v2.update(one.id, tools=())).tools == ()


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ({"name": "other"}, {"name": "other"}),
        ({"description": "other"}, {"description": "other"}),
        ({"instructions": "Other."}, {"instructions": "Other."}),
        ({"model": "gpt-4o"}, {"model": "gpt-4o"}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"tools": (CodeTool(),)}, {"tools": (CodeTool(),)}),
        ({"metadata": {"shelf": "two"}}, {"metadata": {"shelf": "two"}}),
        ({"metadata": {}}, {"metadata": {}}),
    ],
)
async def test_an_update_changes_what_is_given_and_nothing_else(
    v2: AssistantsV2, wanted: dict[str, Any], changed: dict[str, Any]
) -> None:
    one = await v2.create(model=MODEL, name="n", description="d", instructions="I.", metadata={"a": "b"})
    updated = await v2.update(one.id, **wanted)
    assert updated == one.model_copy(update={**changed, "raw": updated.raw})
    assert updated.marked == one.marked != ""
    assert await v2.get(one.id) == updated


async def test_pages_follow_each_other_newest_first(bench: Bench, v2: AssistantsV2) -> None:
    made = [(await v2.create(model=MODEL, name=str(number))).id for number in range(5)]
    assert [one.id async for one in v2.list(page_size=2)] == made[::-1]
    assert served(bench, "assistants.list") == 3
    assert [one.id async for one in v2.list(page_size=4, order="asc")] == made
    page = await v2.list_page(limit=3)
    assert ([one.id for one in page.assistants], page.next_cursor) == (made[:1:-1], made[2])
    last = await v2.list_page(limit=3, cursor=page.next_cursor)
    assert ([one.id for one in last.assistants], last.next_cursor) == (made[1::-1], None)


async def test_a_list_that_comes_back_to_the_same_page_is_a_bad_response(bench: Bench, v2: AssistantsV2) -> None:
    page: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": "asst_1", "has_more": True}
    bench.tenant.faults({"operation": "assistants.list", "times": 9, "do": {"status": 200, "body": page}})
    with pytest.raises(BadResponse, match="asst_1"):
        [one async for one in v2.list()]
    assert len(bench.wire.exchanges) == 2


async def test_a_deleted_assistant_is_gone(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL)
    assert (await v2.delete(one.id)).id == one.id
    assert bench.register.removals == [(Provider.OPENAI, "v2_assistant", one.id)]
    thread = await asked(v2, "Hi")
    for call in (v2.get(one.id), v2.delete(one.id), v2.update(one.id, name="x"), v2.runs.create(thread.id, one.id)):
        with pytest.raises(NotFound) as missing:
            await call
        assert one.id in missing.value.message


async def test_an_unclear_creation_is_found_and_not_repeated(bench: Bench, v2: AssistantsV2) -> None:
    bench.tenant.faults({"operation": "assistants.create", "when": "after", "do": {"cut": True}})
    one = await v2.create(model=MODEL)
    assert [each.id async for each in v2.list()] == [one.id]
    assert bench.register.confirmed == {0: one.id}
    bench.tenant.faults({"operation": "assistants.create", "when": "before", "do": {"cut": True}})
    other = await v2.create(model=MODEL)
    assert [each.id async for each in v2.list()] == [other.id, one.id]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"name": "n" * 257}, "name"),
        ({"description": "d" * 513}, "description"),
        ({"instructions": "i" * 256_001}, "instructions"),
        ({"temperature": 2.1}, "temperature"),
        ({"metadata": {str(number): "x" for number in range(16)}}, "metadata"),
        ({"metadata": {"k" * 65: "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 513}}, "metadata"),
        ({"tools": (FunctionTool(name="f"),) * 129}, "tools"),
        ({"tools": (CodeTool(file_ids=("f",) * 21),)}, "tools"),
        ({"tools": (SearchTool(store_ids=("a", "b")),)}, "tools"),
        ({"tools": (FunctionTool(name="f", parameters={"type": "array"}),)}, "tools"),
        ({"tools": (FunctionTool(name="f", parameters={"type": "object", "properties": 5}),)}, "tools"),
    ],
)
async def test_an_assistant_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, v2: AssistantsV2, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises((InvalidRequest, LimitExceeded)) as refused:
        await v2.create(**{"model": MODEL, **wanted})
    assert (refused.value.param, refused.value.sent, bench.wire.exchanges) == (field, 0, [])


@pytest.mark.parametrize("limit", [0, 101])
async def test_a_page_of_no_size_is_refused_and_not_sent(bench: Bench, v2: AssistantsV2, limit: int) -> None:
    for call in (v2.list_page(limit=limit), v2.messages.list_page(THREAD, limit=limit)):
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert refused.value.param == "limit"
    assert bench.wire.exchanges == []


async def test_a_model_that_nobody_knows_is_the_providers_to_refuse(bench: Bench, v2: AssistantsV2) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await v2.create(model="gpt-none")
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "model_not_found", "model")
    assert bench.register.refusals == [0]


# Threads --------------------------------------------------------------------------------------------------------------


async def test_a_thread_keeps_its_metadata_and_its_marker(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.threads.create(metadata={"topic": "bees"})
    [(_, kind, marker)] = bench.register.intended
    assert (kind, one.metadata, one.created_at, one.provider) == (
        "v2_thread",
        {"topic": "bees"},
        NOW,
        Provider.OPENAI,
    )
    assert sent(bench, "/threads") == [{"metadata": {"topic": "bees", "touchstone": marker}}]
    assert (await v2.threads.get(one.id)).metadata == {"topic": "bees"}
    updated = await v2.threads.update(one.id, {"topic": "bread"})
    assert (updated.metadata, updated.raw["metadata"]) == (
        {"topic": "bread"},
        {"topic": "bread", "touchstone": marker},
    )
    assert (await v2.threads.delete(one.id)).id == one.id
    assert bench.register.removals == [(Provider.OPENAI, "v2_thread", one.id)]
    assert bench.tenant.state()["inventory"] == {}


async def test_a_thread_begins_with_messages(bench: Bench, v2: AssistantsV2) -> None:
    first = NewMessage(text="  Zwei Zeilen\nß ", metadata={"a": "b"})
    one = await v2.threads.create([first, NewMessage(text="Hello.", role="assistant")])
    assert sent(bench, "/threads")[0]["messages"] == [
        {"role": "user", "content": first.text, "metadata": {"a": "b"}},
        {"role": "assistant", "content": "Hello."},
    ]
    said = [(message.role, message.text, message.metadata) async for message in v2.messages.list(one.id, order="asc")]
    assert said == [("user", first.text, {"a": "b"}), ("assistant", "Hello.", {})]


async def test_an_unclear_thread_is_not_made_twice(bench: Bench, v2: AssistantsV2) -> None:
    bench.tenant.faults({"operation": "threads.create", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await v2.threads.create()
    assert served(bench, "threads.create") == 1
    assert (bench.register.confirmed, bench.register.refusals) == ({}, [])


async def test_what_never_was_is_not_found_by_its_name(bench: Bench, v2: AssistantsV2) -> None:
    thread, one = await asked(v2, "Hi"), await v2.create(model=MODEL)
    calls = (
        (v2.get(ASSISTANT), ASSISTANT),
        (v2.threads.get(THREAD), THREAD),
        (v2.threads.update(THREAD, {}), THREAD),
        (v2.threads.delete(THREAD), THREAD),
        (v2.messages.add(THREAD, NewMessage(text="Hi")), THREAD),
        (v2.messages.list_page(THREAD), THREAD),
        (v2.messages.get(thread.id, "msg_none"), "msg_none"),
        (v2.runs.create(THREAD, one.id), THREAD),
        (v2.runs.create(thread.id, ASSISTANT), ASSISTANT),
        (v2.runs.get(thread.id, "run_none"), "run_none"),
        (v2.runs.cancel(thread.id, "run_none"), "run_none"),
        (v2.runs.submit(thread.id, "run_none", ()), "run_none"),
        (v2.runs.steps(thread.id, "run_none"), "run_none"),
    )
    for call, name in calls:
        with pytest.raises(NotFound) as missing:
            await call
        assert name in missing.value.message
        assert missing.value.status == 404
    assert bench.purse.kept == 0


# Messages -------------------------------------------------------------------------------------------------------------


async def test_messages_are_added_read_and_listed(bench: Bench, v2: AssistantsV2) -> None:
    thread = await v2.threads.create()
    made = [await v2.messages.add(thread.id, NewMessage(text=str(number), metadata={"n": "x"})) for number in range(5)]
    assert sent(bench, "/messages")[0] == {"role": "user", "content": "0", "metadata": {"n": "x"}}
    first = made[0]
    assert (first.thread_id, first.role, first.text, first.run_id) == (thread.id, "user", "0", None)
    assert (first.metadata, first.created_at, first.citations) == ({"n": "x"}, NOW, ())
    assert await v2.messages.get(thread.id, first.id) == first
    assert [one.text async for one in v2.messages.list(thread.id)] == list("43210")
    assert [one.text async for one in v2.messages.list(thread.id, page_size=2, order="asc")] == list("01234")
    page = await v2.messages.list_page(thread.id, limit=2)
    assert ([one.text for one in page.messages], page.next_cursor) == (["4", "3"], made[3].id)
    rest = await v2.messages.list_page(thread.id, limit=9, cursor=page.next_cursor)
    assert ([one.text for one in rest.messages], rest.next_cursor) == (["2", "1", "0"], None)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (NewMessage(text=""), "content"),
        (NewMessage(text=" \n"), "content"),
        (NewMessage(text="x" * 256_001), "content"),
        (NewMessage(text="Hi", role="system"), "role"),
        (NewMessage(text="Hi", metadata={str(number): "x" for number in range(17)}), "metadata"),
    ],
)
async def test_a_message_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, v2: AssistantsV2, message: NewMessage, field: str
) -> None:
    for call in (v2.messages.add(THREAD, message), v2.threads.create([message])):
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert refused.value.param == field
    assert (bench.wire.exchanges, bench.register.intended) == ([], [])


async def test_an_unclear_message_is_not_added_twice(bench: Bench, v2: AssistantsV2) -> None:
    thread = await v2.threads.create()
    bench.tenant.faults({"operation": "messages.create", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await v2.messages.add(thread.id, NewMessage(text="Hi"))
    assert [one.text async for one in v2.messages.list(thread.id)] == ["Hi"]


async def test_the_parts_of_a_message_are_one_text() -> None:
    mark = {"type": "file_citation", "text": "【4:0†a】", "file_citation": {"file_id": "file-1"}}
    link = {"type": "file_path", "text": "sandbox:/x", "file_path": {"file_id": "file-2"}}
    content = [
        {"type": "text", "text": {"value": "one ", "annotations": [mark, link]}},
        {"type": "image_file", "image_file": {"file_id": "file-3"}},
        {"type": "refusal", "refusal": "two"},
    ]
    told = {"id": "m", "thread_id": "t", "role": "assistant", "run_id": "r", "created_at": 1, "content": content}
    message = reading.message_of(told)
    assert (message.text, message.metadata) == ("one two", {})
    assert [(one.file_id, one.name, one.marked_text) for one in message.citations] == [("file-1", None, "【4:0†a】")]
    assert reading.written_files(told) == ["file-2", "file-3"]
    assert reading.written_files({**told, "run_id": None}) == []


# Runs -----------------------------------------------------------------------------------------------------------------


async def test_a_run_is_created_and_waited_for(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL, instructions='Answer exactly "ALPHA".')
    thread = await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    [body] = sent(bench, "/runs")
    marker = body["metadata"].pop("touchstone")
    assert marker.startswith("ts-tests-")
    assert body == {
        "assistant_id": one.id,
        "max_completion_tokens": 256,
        "metadata": {},
        "reasoning_effort": "none",
    }
    assert (run.status, run.thread_id, run.assistant_id, run.model) == ("queued", thread.id, one.id, MODEL)
    assert (run.instructions, run.created_at, run.expires_at) == (one.instructions, NOW, NOW + 600 * SECOND)
    assert (run.usage, run.completed_at, run.poll_after) == (None, None, timedelta(milliseconds=20))
    assert (run.calls, run.failure, run.incomplete_reason, run.ended) == ((), None, None, False)
    ended = await v2.runs.wait(run)
    assert (ended.status, ended.ended, ended.expires_at, ended.poll_after) == ("completed", True, None, None)
    assert ended.completed_at is not None
    assert ended.completed_at > NOW
    [message, _] = [one async for one in v2.messages.list(thread.id)]
    assert (message.text, message.role, message.run_id) == ("ALPHA", "assistant", run.id)
    assert [each.id async for each in v2.messages.list(thread.id, run_id=run.id)] == [message.id]
    assert [each async for each in v2.messages.list(thread.id, run_id="run_none")] == []
    [step] = await v2.runs.steps(thread.id, run.id)
    assert (step.kind, step.status, step.message_id, step.run_id) == ("message", "completed", message.id, run.id)


async def test_a_run_is_paid_for_once_when_its_end_is_seen(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL, instructions="Be short.")
    thread = await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    operation = bench.purse.reserved[-1]
    assert (operation.name, operation.model, operation.creates) == ("runs.create", MODEL, None)
    assert operation.bound is not None
    assert (operation.bound.output_tokens, operation.bound.input_tokens) == (256, 3 + 8 + 9 + 256)
    assert (bench.purse.kept, bench.purse.settled_late) == (1, [])
    ended = await v2.runs.wait(run)
    assert ended.usage is not None
    assert 0 < ended.usage.input_tokens < operation.bound.input_tokens
    assert await v2.runs.get(thread.id, run.id) == ended
    assert bench.purse.settled_late == [(ended.usage, Decimal(0))]
    assert served(bench, "run_steps.list") == 0
    again = await v2.runs.create(thread.id, one.id)
    later = bench.purse.reserved[-1].bound
    assert later is not None
    assert later.input_tokens == operation.bound.input_tokens + 256
    await v2.runs.wait(again)
    assert len(bench.purse.settled_late) == 2


async def test_a_thread_that_was_never_seen_stays_as_large_as_it_can_be(
    bench: Bench, gateway: OpenAIGateway, v2: AssistantsV2
) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    other = AssistantsV2(bench.choke, gateway._client)
    for _ in range(2):
        await other.runs.wait(await other.runs.create(thread.id, one.id))
        bound = [operation.bound for operation in bench.purse.reserved if operation.name == "runs.create"][-1]
        assert bound is not None
        assert bound.input_tokens > 1_000_000
    assert served(bench, "assistants.get") == 1


async def test_a_run_may_say_otherwise_than_its_assistant(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL, instructions="Be kind.", tools=(WEATHER,))
    run = await done(
        v2,
        one,
        "What is the weather in Paris and in Rome?",
        model="gpt-4o",
        instructions='Answer exactly "MINE".',
        tool_choice="none",
        parallel_calls=False,
        max_output_tokens=77,
    )
    body = sent(bench, "/runs")[0]
    del body["metadata"]
    assert body == {
        "assistant_id": one.id,
        "model": "gpt-4o",
        "instructions": 'Answer exactly "MINE".',
        "tool_choice": "none",
        "parallel_tool_calls": False,
        "max_completion_tokens": 77,
    }
    assert (run.status, run.model, run.instructions) == ("completed", "gpt-4o", 'Answer exactly "MINE".')
    assert await answer(v2, run) == "MINE"
    assert (await v2.get(one.id)).instructions == "Be kind."


async def test_a_choice_of_nothing_that_is_offered_is_refused_and_not_sent(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    for choice in ("required", WEATHER):
        with pytest.raises(InvalidRequest) as refused:
            await v2.runs.create(thread.id, one.id, tool_choice=choice)
        assert refused.value.param == "tool_choice"
    with pytest.raises(InvalidRequest):
        await v2.runs.create(thread.id, one.id, instructions="i" * 256_001)
    assert served(bench, "runs.create") == 0


async def test_a_thread_with_a_run_under_way_takes_nothing(v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    for call in (v2.messages.add(thread.id, NewMessage(text="x")), v2.runs.create(thread.id, one.id)):
        with pytest.raises(Conflict) as refused:
            await call
        assert run.id in refused.value.message
    assert (await v2.runs.wait(run)).status == "completed"


async def test_an_empty_thread_and_no_instructions_is_nothing_to_do(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await v2.threads.create()
    with pytest.raises(InvalidRequest) as refused:
        await v2.runs.create(thread.id, one.id)
    assert (refused.value.code, bench.purse.released) == ("invalid_thread", 1)


async def test_an_answer_over_the_limit_ends_incomplete(bench: Bench, v2: AssistantsV2) -> None:
    run = await done(v2, await v2.create(model=MODEL), "Write 300 words about the sea.", max_output_tokens=16)
    assert (run.status, run.incomplete_reason) == ("incomplete", "max_completion_tokens")
    assert run.usage is not None
    assert bench.purse.settled_late == [(run.usage, Decimal(0))]


async def test_a_cancelled_run_is_paid_for_too(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    assert (await v2.runs.cancel(thread.id, run.id)).status == "cancelling"
    ended = await v2.runs.wait(run)
    assert ended.status == "cancelled"
    assert bench.purse.settled_late == [(ended.usage, Decimal(0))]
    with pytest.raises(Conflict, match="cancelled"):
        await v2.runs.cancel(thread.id, run.id)


async def test_a_run_without_figures_stays_reserved(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, tools=(CodeTool(),)), await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    bare = {**run.raw, "status": "expired", "usage": None}
    bench.tenant.faults({"operation": "runs.get", "do": {"status": 200, "body": bare}})
    assert (await v2.runs.wait(run)).status == "expired"
    assert (bench.purse.settled_late, bench.purse.kept, served(bench, "run_steps.list")) == ([], 1, 0)


async def test_a_wait_that_is_too_short_names_the_state(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    run = await v2.runs.create(thread.id, one.id)
    with pytest.raises(WaitTimeout, match=f"{run.id} is queued"):
        await v2.runs.wait(run, timeout=timedelta(milliseconds=50))
    assert bench.clock.sleeps[0] == 0.02


# Unclear ends ---------------------------------------------------------------------------------------------------------


async def test_an_unclear_run_is_found_and_not_begun_again(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, instructions='Answer exactly "ONCE".'), await asked(v2, "Go.")
    bench.tenant.faults(CUT)
    run = await v2.runs.wait(await v2.runs.create(thread.id, one.id))
    assert (served(bench, "runs.create"), served(bench, "runs.list")) == (1, 1)
    assert run.status == "completed"
    assert bench.purse.settled_late == [(run.usage, Decimal(0))]
    assert [message.text async for message in v2.messages.list(thread.id)] == ["ONCE", "Go."]


async def test_a_run_that_is_nowhere_is_begun_again(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    earlier = await v2.runs.wait(await v2.runs.create(thread.id, one.id))
    bench.tenant.faults({**CUT, "when": "before"})
    run = await v2.runs.create(thread.id, one.id)
    assert (run.id != earlier.id, served(bench, "runs.list")) == (True, 1)
    assert len(sent(bench, "/runs")) == 3


async def test_what_may_have_worked_is_not_repeated(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, tools=(WEATHER,)), await asked(v2, "What is the weather in Rome?")
    waiting = await v2.runs.wait(await v2.runs.create(thread.id, one.id))
    output = ToolOutput(call_id=waiting.calls[0].id, output="sun")
    bench.tenant.faults({"operation": "runs.submit_tool_outputs", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await v2.runs.submit(thread.id, waiting.id, [output])
    assert served(bench, "runs.submit_tool_outputs") == 1
    bench.tenant.faults({"operation": "runs.cancel", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await v2.runs.cancel(thread.id, waiting.id)
    assert served(bench, "runs.cancel") == 1


async def test_a_run_that_was_refused_is_sent_again(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    bench.tenant.faults({"operation": "runs.create", "do": {"status": 429}})
    run = await v2.runs.create(thread.id, one.id)
    assert (run.status, served(bench, "runs.list")) == ("queued", 0)


# Failing runs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "runs", "kind"), [("server_error", 2, JobFailed), ("rate_limit_exceeded", 3, RateLimited)]
)
async def test_a_failed_run_is_followed_by_new_ones_up_to_an_end(
    bench: Bench, v2: AssistantsV2, code: str, runs: int, kind: type[TouchstoneError]
) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    bench.tenant.faults({"operation": "runs.create", "times": 9, "do": {"outcome": code}})
    with pytest.raises(kind) as failed:
        await v2.runs.complete(thread.id, one.id)
    assert (failed.value.code, len(sent(bench, "/runs")), len(bench.purse.settled_late)) == (code, runs, runs)


async def test_a_new_run_after_a_failed_one_answers(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, instructions='Answer exactly "BETA".'), await asked(v2, "Go.")
    bench.tenant.faults({"operation": "runs.create", "do": {"outcome": "server_error"}})
    run = await v2.runs.complete(thread.id, one.id)
    assert (run.status, [each.text async for each in v2.messages.list(thread.id)]) == ("completed", ["BETA", "Go."])


async def test_a_failed_run_says_why(bench: Bench, v2: AssistantsV2) -> None:
    bench.tenant.faults({"operation": "runs.create", "do": {"outcome": "invalid_prompt"}})
    run = await done(v2, await v2.create(model=MODEL), "Go.")
    assert run.status == "failed"
    assert run.failure is not None
    assert (run.failure.code, run.failure.message) == ("invalid_prompt", "The prompt is invalid.")


# Functions ------------------------------------------------------------------------------------------------------------


async def test_functions_are_called_and_their_outputs_used(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL, tools=(WEATHER,))
    run = await done(v2, one, "What is the weather in Paris and in Rome?", tool_choice=WEATHER)
    assert sent(bench, "/runs")[0]["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert (run.status, run.usage) == ("requires_action", None)
    assert [(call.name, call.arguments) for call in run.calls] == [
        ("get_weather", {"location": "Paris"}),
        ("get_weather", {"location": "Rome"}),
    ]
    first, second = (call.id for call in run.calls)
    with pytest.raises(InvalidRequest, match="Expected tool outputs"):
        await v2.runs.submit(run.thread_id, run.id, [ToolOutput(call_id=first, output="sun")])
    outputs = [ToolOutput(call_id=second, output="rain in Rome"), ToolOutput(call_id=first, output="sun in Paris")]
    queued = await v2.runs.submit(run.thread_id, run.id, outputs)
    assert sent(bench, "/submit_tool_outputs")[-1] == {
        "tool_outputs": [
            {"tool_call_id": second, "output": "rain in Rome"},
            {"tool_call_id": first, "output": "sun in Paris"},
        ]
    }
    assert (queued.status, queued.calls) == ("queued", ())
    ended = await v2.runs.wait(queued)
    assert ended.status == "completed"
    said = await answer(v2, ended)
    assert "sun in Paris" in said
    assert "rain in Rome" in said
    steps = await v2.runs.steps(run.thread_id, run.id)
    assert [(step.kind, step.id, step.output) for step in steps[:2]] == [
        ("function", first, "sun in Paris"),
        ("function", second, "rain in Rome"),
    ]
    assert [step.call for step in steps] == [*run.calls, None]
    assert len({step.id for step in steps}) == 3
    assert bench.purse.settled_late == [(ended.usage, Decimal(0))]
    with pytest.raises(Conflict):
        await v2.runs.submit(run.thread_id, run.id, outputs)


@pytest.mark.parametrize("written", ['{"location": "Rom', "[]", "", "null"])
async def test_arguments_that_are_no_object_name_the_call(bench: Bench, v2: AssistantsV2, written: str) -> None:
    run = await done(v2, await v2.create(model=MODEL, tools=(WEATHER,)), "What is the weather in Rome?")
    spoilt = json.loads(json.dumps(run.raw))
    spoilt["required_action"]["submit_tool_outputs"]["tool_calls"][0]["function"]["arguments"] = written
    bench.tenant.faults({"operation": "runs.get", "do": {"status": 200, "body": spoilt}})
    with pytest.raises(BadResponse) as unreadable:
        await v2.runs.get(run.thread_id, run.id)
    assert run.calls[0].id in unreadable.value.message
    assert "get_weather" in unreadable.value.message


# The provider's own tools ---------------------------------------------------------------------------------------------


async def test_a_program_is_recorded_and_its_session_paid_for(bench: Bench, v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL, tools=(CodeTool(),))
    run = await done(v2, one, "What is 10! exactly?")
    assert served(bench, "run_steps.list") == 1
    code, said = await v2.runs.steps(run.thread_id, run.id)
    assert (code.kind, code.status, code.logs, said.kind) == ("code", "completed", "3628800\n", "message")
    assert code.code
    assert code.id.startswith("call_")
    assert "3628800" in await answer(v2, run)
    assert bench.purse.settled_late == [(run.usage, Decimal("0.03"))]
    await v2.runs.get(run.thread_id, run.id)
    assert (len(bench.purse.settled_late), served(bench, "run_steps.list")) == (1, 2)


async def test_a_program_at_work_is_no_step_yet(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, tools=(CodeTool(),)), await asked(v2, "What is 10! exactly?")
    run = await v2.runs.create(thread.id, one.id)
    bench.tenant.advance(1.5)
    assert await v2.runs.steps(thread.id, run.id) == ()


async def test_a_file_that_a_program_wrote_is_to_be_removed(
    bench: Bench, gateway: OpenAIGateway, v2: AssistantsV2
) -> None:
    one = await v2.create(model=MODEL, tools=(CodeTool(),))
    run = await done(v2, one, "Run this code: open('out.csv', 'w').write('a,b')")
    await answer(v2, run)
    await answer(v2, run)
    [file] = [file async for file in gateway.files.list()]
    assert [kind for _, kind, _ in bench.register.intended].count("file") == 1
    assert file.id in bench.register.confirmed.values()


async def test_an_answer_cites_the_file_it_was_taken_from(
    bench: Bench, gateway: OpenAIGateway, v2: AssistantsV2
) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.vector_stores.add(store.id, BEES)
    one = await v2.create(model=MODEL, tools=(SearchTool(store_ids=(store.id,)),))
    run = await done(v2, one, QUESTION)
    [message] = [each async for each in v2.messages.list(run.thread_id, run_id=run.id)]
    [citation] = message.citations
    assert (citation.file_id, citation.name) == (file.id, None)
    assert citation.marked_text is not None
    assert citation.marked_text in message.text
    search, _ = await v2.runs.steps(run.thread_id, run.id)
    [passage] = search.found
    assert (search.kind, passage.file_id, passage.name, passage.text) == (
        "search",
        file.id,
        "bees.txt",
        BEES.read_text(),
    )
    assert 0 < passage.score <= 1
    assert bench.purse.settled_late == [(run.usage, Decimal("0.0025"))]


async def test_all_pages_of_steps_are_read(bench: Bench, v2: AssistantsV2) -> None:
    run = await done(v2, await v2.create(model=MODEL), "Go.")
    [step] = await v2.runs.steps(run.thread_id, run.id)
    page = {"object": "list", "data": [step.raw], "first_id": "s", "last_id": "step_more", "has_more": True}
    other = {**page, "data": [{**step.raw, "id": "step_more"}], "has_more": False}
    bench.tenant.faults(*({"operation": "run_steps.list", "do": {"status": 200, "body": one}} for one in (page, other)))
    assert [one.id for one in await v2.runs.steps(run.thread_id, run.id)] == [step.id, "step_more"]
    first, second = (exchange.path for exchange in bench.wire.exchanges[-2:])
    assert "order=asc" in first
    assert "include" in first
    assert "after=step_more" in second
    bench.tenant.faults({"operation": "run_steps.list", "times": 9, "do": {"status": 200, "body": page}})
    with pytest.raises(BadResponse, match="step_more"):
        await v2.runs.steps(run.thread_id, run.id)


def test_fees_are_for_searches_and_one_session() -> None:
    def step(kind: Any) -> RunStep:
        return RunStep(provider=Provider.OPENAI, id="s", run_id="r", kind=kind, status="completed", raw={})

    for kinds, dollars in (
        ((), "0"),
        (("message", "function"), "0"),
        (("search", "search"), "0.005"),
        (("code", "code"), "0.03"),
        (("code", "search"), "0.0325"),
    ):
        assert fees_of([step(kind) for kind in kinds]) == Decimal(dollars)


def test_cached_tokens_are_counted_once() -> None:
    figures = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
    for name in ("prompt_token_details", "prompt_tokens_details"):
        seen = reading.usage_of({"usage": {**figures, name: {"cached_tokens": 4}}})
        assert seen == Usage(uncached_input_tokens=6, cache_read_tokens=4, output_tokens=3)
    assert reading.usage_of({"usage": None}) is None


@pytest.mark.parametrize(("told", "seconds"), [("20", 0.02), ("5000", 5.0), ("soon", None), ("-1", None), ("", None)])
def test_when_to_look_again(told: str, seconds: float | None) -> None:
    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert reading.poll_after_of({"openai-poll-after-ms": told}) == wanted
    assert reading.poll_after_of({}) is None


# Streaming ------------------------------------------------------------------------------------------------------------


async def test_a_stream_tells_states_and_text_and_then_the_run(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Write 30 words about the sea.")
    stream = v2.runs.stream(thread.id, one.id)
    with pytest.raises(LookupError):
        _ = stream.run
    events = [event async for event in stream]
    assert [event.status for event in events if event.kind == "status"] == ["queued", "in_progress", "completed"]
    texts = [event.text for event in events if event.kind == "text"]
    assert len(texts) > 10
    kept = await v2.runs.get(thread.id, stream.run.id)
    assert stream.run.status == "completed"
    assert stream.run.usage == kept.usage is not None
    assert "".join(texts) == await answer(v2, kept)
    operation = next(operation for operation in bench.purse.reserved if operation.name == "runs.create")
    assert operation.bound is not None
    assert (operation.bound.output_tokens, operation.model) == (256, MODEL)
    assert bench.purse.settled_late == [(stream.run.usage, Decimal(0))]
    body = sent(bench, "/runs")[0]
    assert (body["stream"], body["reasoning_effort"], body["max_completion_tokens"]) == (True, "none", 256)
    assert body["metadata"]["touchstone"].startswith("ts-tests-")


async def test_a_stream_stops_where_outputs_are_wanted(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL, tools=(WEATHER,)), await asked(v2, "What is the weather in Rome?")
    stream = v2.runs.stream(thread.id, one.id, tool_choice="required")
    events = [event async for event in stream]
    assert events[-1].status == "requires_action"
    [call] = stream.run.calls
    assert call.arguments == {"location": "Rome"}
    await v2.runs.submit(thread.id, stream.run.id, [ToolOutput(call_id=call.id, output="sun")])
    assert (await v2.runs.wait(stream.run)).status == "completed"


async def test_a_failed_stream_brings_the_failed_run(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    bench.tenant.faults({"operation": "runs.create", "do": {"outcome": "server_error"}})
    stream = v2.runs.stream(thread.id, one.id)
    assert [event.status async for event in stream][-1] == "failed"
    assert stream.run.failure is not None
    assert stream.run.failure.code == "server_error"


async def test_a_stream_that_never_began_is_not_begun_again_where_it_may_have(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    bench.tenant.faults({**CUT, "when": "before"})
    with pytest.raises(ServerError) as cut:
        [event async for event in v2.runs.stream(thread.id, one.id)]
    assert (cut.value.code, bench.purse.kept, len(sent(bench, "/runs"))) == ("connection_cut", 1, 1)
    bench.tenant.faults({"operation": "runs.create", "do": {"status": 429}})
    assert [event.status async for event in v2.runs.stream(thread.id, one.id)][-1] == "completed"


async def test_a_stream_that_its_reader_leaves_stays_reserved(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Write 300 words about the sea.")
    pieces = v2.runs._begin_stream(RunOrder(thread.id, one.id))
    first = await anext(pieces)
    assert first.event is not None
    assert (first.event.status, first.run, bench.purse.kept) == ("queued", None, 0)
    del pieces
    for _ in range(10):
        await anyio.lowlevel.checkpoint()
    assert (bench.purse.kept, [usage for usage in bench.purse.settled if usage is not None]) == (1, [])


async def test_a_stream_over_an_unknown_thread_is_refused(v2: AssistantsV2) -> None:
    one = await v2.create(model=MODEL)
    with pytest.raises(NotFound, match=THREAD):
        [event async for event in v2.runs.stream(THREAD, one.id)]


class Event:
    """An event of the SDK's stream."""

    def __init__(self, event: str, data: Mapping[str, Any]) -> None:
        self.event = event
        self.data = openai.BaseModel.model_construct(**data)


class Stream:
    """A stream that only says what it is told to."""

    class response:  # as the SDK's stream names it
        request = None

    def __init__(self, *events: Event) -> None:
        self._events = iter(events)

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Event:
        for event in self._events:
            return event
        raise StopAsyncIteration


async def test_a_stream_without_its_end_is_cut_short(v2: AssistantsV2) -> None:
    run = await done(v2, await v2.create(model=MODEL), "Go.")
    begun = {**run.raw, "status": "in_progress"}
    delta = {"delta": {"content": [{"index": 0, "type": "text", "text": {"value": "Hel"}}]}}
    for events in ((), (Event("thread.run.in_progress", begun), Event("thread.message.delta", delta))):
        told: list[RunEvent | None] = []
        with pytest.raises(ServerError) as cut:
            await read(Stream(*events), told)
        assert (cut.value.code, len(told)) == ("connection_cut", len(events))


async def read(stream: Stream, told: list[RunEvent | None]) -> None:
    async for piece in streaming.pieces_of(stream):
        told.append(piece.event)


async def test_an_error_in_a_stream_keeps_the_providers_words() -> None:
    stream = Stream(Event("error", {"message": "slow down", "code": "rate_limit_exceeded", "param": None}))
    with pytest.raises(openai.APIError) as raised:
        [piece async for piece in streaming.pieces_of(stream)]
    assert (raised.value.message, raised.value.code) == ("slow down", "rate_limit_exceeded")


# Switched off ---------------------------------------------------------------------------------------------------------


async def test_since_its_last_day_every_operation_says_what_to_use_instead(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    run = await v2.runs.wait(await v2.runs.create(thread.id, one.id))
    bench.tenant.advance(6 * 86_400)

    async def streamed() -> None:
        [event async for event in v2.runs.stream(thread.id, one.id)]

    calls: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: v2.create(model=MODEL),
        lambda: v2.get(one.id),
        lambda: v2.list_page(),
        lambda: v2.update(one.id, name="x"),
        lambda: v2.update(one.id, metadata={}),
        lambda: v2.delete(one.id),
        lambda: v2.threads.create(),
        lambda: v2.threads.get(thread.id),
        lambda: v2.threads.update(thread.id, {}),
        lambda: v2.threads.delete(thread.id),
        lambda: v2.messages.add(thread.id, NewMessage(text="x")),
        lambda: v2.messages.get(thread.id, "msg_1"),
        lambda: v2.messages.list_page(thread.id),
        lambda: v2.runs.create(thread.id, one.id),
        lambda: v2.runs.create(thread.id, ASSISTANT),
        lambda: v2.runs.get(thread.id, run.id),
        lambda: v2.runs.wait(run),
        lambda: v2.runs.cancel(thread.id, run.id),
        lambda: v2.runs.submit(thread.id, run.id, ()),
        lambda: v2.runs.steps(thread.id, run.id),
        lambda: v2.discard("v2_thread", thread.id),
        lambda: v2.discard("v2_assistant", one.id),
        streamed,
    )
    for call in calls:
        with pytest.raises(Retired) as over:
            await call()
        assert (over.value.status, over.value.since.isoformat(), over.value.successor) == (
            404,
            "2026-08-26",
            "assistants",
        )
        assert over.value.message.startswith(
            "the Assistants API was switched off on 2026-08-26: use Responses and Conversations instead, which are "
            "gateway.assistants"
        )
        assert over.value.provider is Provider.OPENAI
        assert over.value.provider_message is not None
        assert over.value.provider_message.startswith("Invalid URL (")
    assert bench.purse.kept == 1
    assert len(bench.register.refusals) == 2


def test_only_an_unknown_url_means_that_the_api_is_over() -> None:
    assert knows_no_such_url(NotFound("Invalid URL (GET /v1/assistants)"))
    assert knows_no_such_url(NotFound("what?", code="unknown_url"))
    assert not knows_no_such_url(NotFound("No assistant found with id 'asst_x'."))
    assert not knows_no_such_url(InvalidRequest("Invalid URL"))


# Housekeeping, and the header -----------------------------------------------------------------------------------------


async def test_what_is_left_is_discarded_by_its_kind(bench: Bench, v2: AssistantsV2) -> None:
    one, thread = await v2.create(model=MODEL), await asked(v2, "Go.")
    await v2.discard("v2_thread", thread.id)
    await v2.discard("v2_assistant", one.id)
    assert bench.tenant.state()["inventory"] == {}
    with pytest.raises(InvalidRequest, match="conversation"):
        await v2.discard("conversation", "conv_1")


async def test_without_the_header_nothing_is_answered(v2: AssistantsV2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "headers_to_send", lambda: {"OpenAI-Beta": "assistants=v1"})
    with pytest.raises(InvalidRequest) as refused:
        await v2.list_page()
    assert refused.value.code == "invalid_beta"


async def test_reads_are_repeated_to_the_last_attempt(bench: Bench, v2: AssistantsV2) -> None:
    bench.tenant.faults({"operation": "assistants.list", "times": 99, "do": {"status": 500}})
    with pytest.raises(ServerError):
        await v2.list_page()
    assert len(bench.wire.exchanges) == ATTEMPTS
