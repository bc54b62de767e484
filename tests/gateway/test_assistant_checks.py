"""What cannot be right of assistants, threads and messages is refused by its field, on every backend, and nothing is sent."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.catalogue.limits import assistant_limits
from support.errors import InvalidRequest, TouchstoneError
from support.gateway.assistant_checks import (
    check_choice,
    check_described,
    check_message,
    check_metadata,
    check_model,
    check_page,
    check_text,
    check_tools,
)
from support.gateway.assistants import AssistantKeeper, MessageKeeper, ThreadKeeper
from support.gateway.call import ChokePoint
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.runs import Known
from support.values import CodeTool, FunctionTool, Money, NewMessage, Provider, SearchTool, Tool, ToolChoice
from tests.gateway.conftest import FakePurse, FakeRegister

pytestmark = pytest.mark.anyio

OPENAI = Provider.OPENAI
LIMITS = assistant_limits(OPENAI)
MODEL = "gpt-6-luna"
WEATHER = FunctionTool(name="get_weather")


class StillClock:
    async def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing is waited for")


async def _send(*_: Any, **__: Any) -> Any:
    raise AssertionError("it was sent")


class Assistants(AssistantKeeper):
    provider = OPENAI
    kind = "an_assistant"
    _send_create = _send_get = _send_list = _send_update = _send_delete = _send

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        raise error


class Threads(ThreadKeeper):
    provider = OPENAI
    kind = "a_thread"
    _send_create = _send_get = _send_update = _send_delete = _send

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        raise error


class Messages(MessageKeeper):
    provider = OPENAI
    _send_add = _send_get = _send_list = _send

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        raise error


class Backend:
    """Keepers that must not send."""

    def __init__(self) -> None:
        self.purse, self.register = FakePurse(), FakeRegister()
        choke = ChokePoint(
            account=Account("run1", "a scenario", "assistants", "AB-01", Money.SIMULATED),
            clock=StillClock(),
            purse=self.purse,
            register=self.register,
            wire=Wire(),
            listeners=[],
            attempts=4,
        )
        known = Known()
        self.assistants = Assistants(choke)
        self.threads, self.messages = Threads(choke, known), Messages(choke, known)


def entries(number: int, key: int = 1, value: int = 1) -> dict[str, str]:
    return {f"{one:0{key}d}": "v" * value for one in range(number)}


def shaped(**parameters: Any) -> FunctionTool:
    return FunctionTool(name="f", parameters=parameters)


SAID_OF_ASSISTANTS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "n" * 257}, "name", "has 257 characters; 256 are allowed"),
    ({"description": "d" * 513}, "description", "has 513 characters; 512 are allowed"),
    ({"instructions": "i" * 256_001}, "instructions", "has 256001 characters; 256000 are allowed"),
    ({"temperature": -0.1}, "temperature", "must be 0 to 2, not -0.1"),
    ({"temperature": 2.01}, "temperature", "must be 0 to 2, not 2.01"),
    ({"temperature": float("nan")}, "temperature", "must be 0 to 2, not nan"),
    ({"tools": (WEATHER,) * 129}, "tools", "are 129; 128 are allowed"),
    ({"tools": (CodeTool(file_ids=("f",) * 21),)}, "tools", "21 files; 20 are allowed"),
    ({"tools": (SearchTool(store_ids=("a", "b")),)}, "tools", "2 stores; 1 is allowed"),
    ({"tools": (shaped(type="nothing known"),)}, "tools", "the parameters of f are no JSON Schema: .type: "),
    ({"tools": (shaped(type="object", properties=5),)}, "tools", "no JSON Schema: .properties: 5 is not"),
    ({"tools": (shaped(type="array"),)}, "tools", "the parameters of f must have the type object"),
    ({"tools": (shaped(),)}, "tools", "the parameters of f must have the type object"),
    ({"tools": (WEATHER, CodeTool(), shaped(type="string"))}, "tools", "must have the type object"),
    ({"metadata": entries(16)}, "metadata", "has 16 entries; 15 are allowed, and one of 16 is the suite's own"),
    ({"metadata": entries(1, key=65)}, "metadata", "has 65 characters"),
    ({"metadata": entries(1, value=513)}, "metadata", "the value of '0' has 513 characters"),
]


@pytest.mark.parametrize(("wanted", "field", "why"), SAID_OF_ASSISTANTS)
async def test_what_is_said_of_an_assistant(wanted: dict[str, Any], field: str, why: str) -> None:
    asks: tuple[Callable[[Backend], Awaitable[object]], ...] = (
        lambda backend: backend.assistants.create(model=MODEL, **wanted),
        lambda backend: backend.assistants.update("asst_1", **wanted),
    )
    for ask in asks:
        await refused(ask, field, why)


@pytest.mark.parametrize("model", [None, ""])
async def test_an_assistant_without_a_model(model: str | None) -> None:
    await refused(lambda backend: backend.assistants.create(model=model), "model", "is missing")


async def test_threads_have_room_for_the_suites_own_entry() -> None:
    why = "15 are allowed"
    await refused(lambda backend: backend.threads.create(metadata=entries(16)), "metadata", why)
    await refused(lambda backend: backend.threads.update("thread_1", entries(16)), "metadata", why)


MESSAGES: list[tuple[NewMessage, str, str]] = [
    (NewMessage(text="Hi", role="system"), "role", "must be user or assistant, not 'system'"),
    (NewMessage(text="Hi", role=""), "role", "not ''"),
    (NewMessage(text=""), "content", "is empty"),
    (NewMessage(text=" \n\t\N{NO-BREAK SPACE}"), "content", "is empty"),
    (NewMessage(text="x" * 256_001), "content", "has 256001 characters"),
    (NewMessage(text="Hi", metadata=entries(17)), "metadata", "has 17 entries; 16 are allowed"),
    (NewMessage(text="Hi", metadata=entries(1, key=65)), "metadata", "has 65 characters"),
    (NewMessage(text="Hi", metadata=entries(1, value=513)), "metadata", "has 513 characters"),
]


@pytest.mark.parametrize(("message", "field", "why"), MESSAGES)
async def test_what_is_put_into_a_thread(message: NewMessage, field: str, why: str) -> None:
    good = NewMessage(text="Hi")
    await refused(lambda backend: backend.messages.add("thread_1", message), field, why)
    await refused(lambda backend: backend.threads.create([good, message]), field, why)


@pytest.mark.parametrize("limit", [-1, 0, 101])
async def test_pages(limit: int) -> None:
    why = f"must be 1 to 100, not {limit}"
    await refused(lambda backend: backend.assistants.list_page(limit=limit), "limit", why)
    await refused(lambda backend: anext(backend.assistants.list(page_size=limit)), "limit", why)
    await refused(lambda backend: backend.messages.list_page("thread_1", limit=limit), "limit", why)
    await refused(lambda backend: anext(backend.messages.list("thread_1", page_size=limit)), "limit", why)


async def refused(ask: Callable[[Backend], Awaitable[object]], field: str, why: str) -> None:
    """It is, in a sentence that begins with the field, before anything is reserved, journalled or sent."""
    backend = Backend()
    with pytest.raises(InvalidRequest) as error:
        await ask(backend)
    assert (error.value.param, error.value.provider, error.value.sent, error.value.status) == (field, OPENAI, 0, None)
    assert error.value.message.startswith(f"{field}: ")
    assert why in error.value.message
    assert (backend.purse.reserved, backend.register.intended) == ([], [])


CHOICES: list[tuple[ToolChoice, tuple[Tool, ...], str | None]] = [
    ("auto", (), None),
    ("none", (), None),
    ("required", (), "there is no tool that could be used"),
    ("required", (CodeTool(),), None),
    (WEATHER, (), "get_weather is not among the tools"),
    (WEATHER, (CodeTool(), FunctionTool(name="other")), "get_weather is not among the tools"),
    (WEATHER, (CodeTool(), FunctionTool(name="get_weather", description="as the assistant has it")), None),
]


@pytest.mark.parametrize(("choice", "offered", "why"), CHOICES)
def test_only_what_is_offered_can_be_required(choice: ToolChoice, offered: tuple[Tool, ...], why: str | None) -> None:
    if why is None:
        check_choice(OPENAI, choice, offered)
        return
    with pytest.raises(InvalidRequest, match=why) as error:
        check_choice(OPENAI, choice, offered)
    assert error.value.param == "tool_choice"


def test_what_is_just_allowed_passes() -> None:
    check_described(
        OPENAI,
        "n" * LIMITS.max_name_characters,
        "d" * LIMITS.max_description_characters,
        "i" * LIMITS.max_instructions_characters,
        2.0,
    )
    check_described(OPENAI, None, None, None, 0.0)
    check_described(OPENAI, "", "", "", None)
    check_tools(OPENAI, (WEATHER,) * LIMITS.max_tools)
    check_tools(OPENAI, (CodeTool(file_ids=("f",) * LIMITS.max_code_files), SearchTool(store_ids=("s",))))
    check_metadata(OPENAI, None, marked=True)
    full = entries(LIMITS.max_metadata, LIMITS.max_key_characters, LIMITS.max_value_characters)
    check_metadata(OPENAI, full, marked=False)
    check_message(OPENAI, NewMessage(text="x" * LIMITS.max_text_characters, role="assistant", metadata=full))
    for limit in (None, 1, LIMITS.max_page):
        check_page(OPENAI, limit)
    assert check_model(OPENAI, MODEL) == MODEL


@given(st.text(max_size=40), st.integers(min_value=0, max_value=40))
def test_a_text_may_be_as_long_as_it_may_be(text: str, longest: int) -> None:
    if len(text) <= longest:
        check_text(OPENAI, "name", text, longest)
        return
    with pytest.raises(InvalidRequest) as error:
        check_text(OPENAI, "name", text, longest)
    assert error.value.message.endswith(f"name: has {len(text)} characters; {longest} are allowed")


NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
WORDS = st.sampled_from(("type", "properties", "required", "items", "enum", "minLength", "pattern", "anyOf", "$ref"))


@given(st.dictionaries(WORDS, NESTED, max_size=4))
def test_whatever_stands_for_a_schema_is_taken_or_refused_as_the_tools(parameters: dict[str, Any]) -> None:
    refusal: InvalidRequest | None = None
    try:
        check_tools(OPENAI, (FunctionTool(name="f", parameters=parameters),))
    except InvalidRequest as error:
        refusal = error
    assert refusal is not None or parameters["type"] == "object"
    assert refusal is None or refusal.param == "tools"
