"""OpenAI's simulated caching of prompts (provider-facts 3.2; recordings: 1024 of 1144, 1152 of 1185, 1217 of 1220 tokens)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.simulator.account import Account

OLD = "gpt-4.1"  # caches at steps
NEW = "gpt-5.6-luna"  # caches at breakpoints
FRAME, OPENING = 4, 3  # tokens of a message beside its text, and of the answer's opening
TIMELESS = {f"chat.{name}": 0.0 for name in ("request", "uncached_token", "cached_token", "output_token")}
Message = dict[str, Any]


@pytest.fixture
def timeless(open_tenant: Callable[..., Account]) -> Account:
    """A tenant whose clock stands still, also while it is answered."""
    return open_tenant(durations=TIMELESS)


@pytest.fixture
def http(timeless: Account) -> Iterator[httpx.Client]:
    with timeless.client("OpenAI") as client:
        yield client


def words(number: int, word: str = "word") -> str:
    """A text of so many tokens."""
    return " ".join([word] * number)


def user(text: Any) -> Message:
    return {"role": "user", "content": text}


def system(text: Any) -> Message:
    return {"role": "system", "content": text}


def marked(text: str, **more: str) -> list[Message]:
    return [{"type": "text", "text": text, "prompt_cache_breakpoint": {"mode": "explicit", **more}}]


def ask(http: httpx.Client, messages: list[Message], model: str = OLD, **body: Any) -> dict[str, Any]:
    """The usage of an answer."""
    response = http.post("/v1/chat/completions", json={"model": model, "messages": messages, **body})
    assert response.status_code == 200, response.text
    answer = response.json()
    ChatCompletion.model_validate(answer, strict=True)
    usage: dict[str, Any] = answer["usage"]
    details = usage["prompt_tokens_details"]
    assert details["cached_tokens"] + details.get("cache_write_tokens", 0) <= usage["prompt_tokens"]
    return usage


def cached(http: httpx.Client, messages: list[Message], model: str = OLD, **body: Any) -> int:
    return int(ask(http, messages, model, **body)["prompt_tokens_details"]["cached_tokens"])


def counts(http: httpx.Client, messages: list[Message], model: str = NEW, **body: Any) -> tuple[int, int]:
    """Cached tokens, and those written."""
    details = ask(http, messages, model, **body)["prompt_tokens_details"]
    return details["cached_tokens"], details["cache_write_tokens"]


# At steps -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "found"), [(1023, 0), (1024, 1024), (1144, 1024), (1185, 1152), (5000, 4992)])
def test_a_repeated_prompt_is_found_in_steps_of_128_tokens(http: httpx.Client, asked: int, found: int) -> None:
    messages = [user(words(asked - FRAME - OPENING))]
    first, second = ask(http, messages), ask(http, messages)
    assert first["prompt_tokens"] == second["prompt_tokens"] == asked
    assert first["prompt_tokens_details"] == {"cached_tokens": 0, "audio_tokens": 0}
    assert second["prompt_tokens_details"] == {"cached_tokens": found, "audio_tokens": 0}
    assert cached(http, messages) == found


@pytest.mark.parametrize("same", [900, 1019, 1020, 1021, 1147, 1148, 3000])
def test_what_is_found_ends_with_the_last_step_before_the_first_difference(http: httpx.Client, same: int) -> None:
    ask(http, [user(words(4000))])
    found = cached(http, [user(f"{words(same)} {words(4000 - same, 'other')}")])
    reached = FRAME + same
    assert found == (reached - reached % 128 if reached >= 1024 else 0)


def test_steps_go_on_over_messages_of_any_script(http: httpx.Client) -> None:
    shared = [
        system("Größe, naïveté; 日本語のテキスト。 " * 40 + "\n\n"),
        user("12345 sheep!!! __ and\ttabs\r\n" * 90),
        {"role": "assistant", "content": "I see. 한국어 😀 " * 60},
    ]
    counting = {"model": OLD, "input": shared}
    tokens = http.post("/v1/responses/input_tokens", json=counting).json()["input_tokens"] - OPENING
    ask(http, [*shared, user("What?")])
    assert cached(http, [*shared, {"role": "assistant", "content": "Because. " * 50}]) == tokens // 128 * 128
    assert cached(http, [shared[0], user("Else. " * 900)]) == 0


def test_a_conversation_that_grows_is_found_as_far_as_it_goes(http: httpx.Client) -> None:
    messages = [system(words(2000)), user("My name is Ada.")]
    sizes = []
    for answer in ("Hello, Ada.", "Your name is Ada.", "Yes."):
        usage = ask(http, messages)
        sizes.append((usage["prompt_tokens_details"]["cached_tokens"], usage["prompt_tokens"]))
        messages += [{"role": "assistant", "content": answer}, user(words(300))]
    assert sizes[0][0] == 0
    for (_, before), (found, total) in pairwise(sizes):
        assert (before - OPENING) // 128 * 128 == found < total


def test_text_in_parts_is_the_same_prompt(http: httpx.Client) -> None:
    ask(http, [user(words(2000))])
    assert cached(http, [user([{"type": "text", "text": words(2000)}])]) == 1920


@pytest.mark.parametrize("model", ["gpt-3.5-turbo", "gpt-4o-2024-05-13"])
def test_models_before_gpt_4o_cache_nothing(http: httpx.Client, model: str) -> None:
    assert [cached(http, [user(words(3000))], model) for _ in range(2)] == [0, 0]


# At breakpoints -----------------------------------------------------------------------------------------------------------


def test_a_new_model_writes_up_to_the_end_of_the_question_and_finds_exactly_that(http: httpx.Client) -> None:
    messages = [system(words(1200)), user("Answer exactly: yes")]
    first, second = ask(http, messages, NEW), ask(http, messages, NEW)
    written = first["prompt_tokens"] - OPENING
    assert first["prompt_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": written, "audio_tokens": 0}
    assert second["prompt_tokens_details"] == {"cached_tokens": written, "cache_write_tokens": 0, "audio_tokens": 0}


@pytest.mark.parametrize(("model", "asked"), [(OLD, 1023), (NEW, 1023 + OPENING)])
def test_a_short_prompt_is_never_cached(http: httpx.Client, model: str, asked: int) -> None:
    for _ in range(3):
        usage = ask(http, [user(words(asked - FRAME - OPENING))], model)
        assert usage["prompt_tokens"] == asked
        details = usage["prompt_tokens_details"]
        assert (details["cached_tokens"], details.get("cache_write_tokens", 0)) == (0, 0)


def test_each_turn_finds_the_turn_before_and_writes_what_is_new(http: httpx.Client) -> None:
    messages = [system(words(2000)), user("My name is Ada.")]
    before = 0
    for answer in ("Hello, Ada.", "Your name is Ada.", "Yes."):
        usage = ask(http, messages, NEW)
        details = usage["prompt_tokens_details"]
        assert details["cached_tokens"] == before
        before = usage["prompt_tokens"] - OPENING
        assert details["cached_tokens"] + details["cache_write_tokens"] == before
        messages += [{"role": "assistant", "content": answer}, user("What is my name?")]
    messages[1] = user("My name is Eve.")
    assert counts(http, messages)[0] == 0


def test_another_question_finds_a_long_beginning_only_where_a_breakpoint_ends_it(http: httpx.Client) -> None:
    plain, marks = system(words(2000)), system(marked(words(2000)))
    counts(http, [plain, user("What?")])
    assert counts(http, [plain, user("Why?")])[0] == 0
    cached_tokens, written = counts(http, [marks, user("Who?")])
    assert (cached_tokens, written) == (0, FRAME + 2000 + FRAME + 2)
    assert counts(http, [marks, user("When?")]) == (FRAME + 2000, FRAME + 2)


def test_only_the_developer_messages_that_come_first_end_a_prefix(http: httpx.Client) -> None:
    first = [system(words(600)), {"role": "developer", "content": words(600)}]
    assert counts(http, first) == (0, 2 * (FRAME + 600))
    assert counts(http, [*first, *[user("What?")] * 25])[0] == 2 * (FRAME + 600)
    late = [user(words(1500)), {"role": "developer", "content": words(700)}]
    assert counts(http, late) == (0, FRAME + 1500)


def test_tool_results_in_a_row_end_with_the_last(http: httpx.Client) -> None:
    calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        for number in (1, 2)
    ]
    results = [{"role": "tool", "tool_call_id": f"call_{number}", "content": words(900)} for number in (1, 2)]
    messages = [user(words(1100)), {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    first = ask(http, messages, NEW)
    assert first["prompt_tokens_details"]["cache_write_tokens"] == first["prompt_tokens"] - OPENING
    changed = [*messages[:-1], {**results[1], "content": "Nothing."}]
    assert counts(http, changed)[0] == 0  # neither result ended an earlier breakpoint, and the question was not written
    assert counts(http, messages)[0] == first["prompt_tokens"] - OPENING


def test_an_explicit_breakpoint_ends_what_is_written(http: httpx.Client) -> None:
    explicit: dict[str, Any] = {"prompt_cache_options": {"mode": "explicit"}}
    messages = [system(marked(words(1500))), user(words(3000))]
    assert counts(http, messages, **explicit) == (0, FRAME + 1500)
    assert counts(http, [messages[0], user("Else?")], **explicit) == (FRAME + 1500, 0)


def test_explicit_mode_without_breakpoints_caches_nothing(http: httpx.Client) -> None:
    explicit: dict[str, Any] = {"prompt_cache_options": {"mode": "explicit"}}
    messages = [system(words(1500)), user("What?")]
    assert counts(http, messages, **explicit) == counts(http, messages, **explicit) == (0, 0)
    written = counts(http, messages)[1]
    assert counts(http, messages, **explicit) == (0, 0)
    assert counts(http, messages) == (written, 0)


@pytest.mark.parametrize(("mode", "kept"), [("explicit", 4), ("implicit", 3)])
def test_the_latest_breakpoints_are_written_four_in_all(http: httpx.Client, mode: str, kept: int) -> None:
    marks = [user(marked(words(1100))) for _ in range(5)]
    found = []
    for number in (5, 4, 3, 2, 1):
        written = [*marks, {"role": "assistant", "content": "Yes."}, user("What?")]
        counts(http, written, prompt_cache_key=str(number), prompt_cache_options={"mode": mode})
        read = counts(http, marks[:number], prompt_cache_key=str(number), prompt_cache_options={"mode": "explicit"})
        found.append(read[0] == number * (FRAME + 1100))
    assert found == [True] * kept + [False] * (5 - kept)


# What a cache is kept apart by ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [OLD, NEW])
def test_each_key_has_a_cache_of_its_own(http: httpx.Client, model: str) -> None:
    messages = [user(words(2000))]
    for key in ({"prompt_cache_key": "a"}, {"prompt_cache_key": "b"}, {}):
        assert cached(http, messages, model, **key) == 0
        assert cached(http, messages, model, **key) >= 1024


def test_each_model_has_a_cache_of_its_own_whatever_it_is_called(http: httpx.Client) -> None:
    messages = [user(words(2000))]
    assert [cached(http, messages, model) for model in (OLD, "gpt-4.1-mini", NEW)] == [0, 0, 0]
    assert cached(http, messages, "gpt-4.1-2025-04-14") == 1920


def test_each_account_has_a_cache_of_its_own(http: httpx.Client, open_tenant: Callable[..., Account]) -> None:
    messages = [user(words(2000))]
    ask(http, messages)
    with open_tenant().client("OpenAI") as other:
        assert cached(other, messages) == 0
    assert cached(http, messages) == 1920


def _tool(description: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    function = {"name": "get_weather", "description": description, "parameters": parameters}
    return {"tools": [{"type": "function", "function": function}], "tool_choice": "none"}


def _schema(key: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": "string"}}}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}


def _picture(detail: str) -> list[Message]:
    return [{"type": "image_url", "image_url": {"url": "https://pictures.org/a.png", "detail": detail}}]


def _file(text: str) -> list[Message]:
    encoded = base64.b64encode(text.encode()).decode()
    return [{"type": "file", "file": {"filename": "a.txt", "file_data": f"data:text/plain;base64,{encoded}"}}]


@pytest.mark.parametrize("model", [OLD, NEW])
@pytest.mark.parametrize(
    ("same", "other"),
    [
        (([], _tool("Get the weather.")), ([], _tool("Get the news."))),
        (([], _schema("name")), ([], _schema("town"))),
        ((_picture("auto"), {}), (_picture("high"), {})),
        ((_file("Amber falcon."), {}), (_file("Amber eagle."), {})),
    ],
    ids=["tools", "schema", "picture", "file"],
)
def test_what_comes_with_the_text_is_part_of_the_prefix(
    http: httpx.Client, model: str, same: tuple[Any, Any], other: tuple[Any, Any]
) -> None:
    effort = {"reasoning_effort": "none"} if model == NEW else {}
    found = []
    for parts, body in (same, same, other):
        messages = [user([*parts, {"type": "text", "text": words(2000)}])]
        found.append(cached(http, messages, model, **body, **effort))
    assert found[0] == found[2] == 0
    assert found[1] >= 1920


def test_counting_tokens_caches_nothing(http: httpx.Client) -> None:
    messages = [user(words(2000))]
    for _ in range(2):
        assert http.post("/v1/responses/input_tokens", json={"model": OLD, "input": messages}).status_code == 200
    assert cached(http, messages) == 0


# Lifetime -----------------------------------------------------------------------------------------------------------------


def test_in_memory_a_prefix_lives_for_five_minutes_after_its_last_use_and_an_hour_at_most(
    http: httpx.Client, timeless: Account
) -> None:
    messages = [user(words(2000))]
    ask(http, messages)
    timeless.advance(300)
    assert cached(http, messages) == 0  # and it is stored anew
    for _ in range(14):
        timeless.advance(250)
        assert cached(http, messages) == 1920
    timeless.advance(100)
    assert cached(http, messages) == 0


def test_a_prefix_that_is_kept_for_a_day_outlives_a_pause(http: httpx.Client, timeless: Account) -> None:
    messages = [user(words(2000))]
    ask(http, messages, prompt_cache_retention="24h")
    timeless.advance(86_399)
    assert cached(http, messages) == 1920
    timeless.advance(1)
    assert cached(http, messages) == 0


@pytest.mark.parametrize("key", [{}, {"prompt_cache_key": "a"}])
def test_gpt_5_5_keeps_a_prefix_for_a_day_unasked(http: httpx.Client, timeless: Account, key: dict[str, Any]) -> None:
    messages = [user(words(2000))]
    ask(http, messages, "gpt-5.5", **key)
    timeless.advance(7_200)
    assert cached(http, messages, "gpt-5.5", **key) == 1920


def test_a_new_model_keeps_a_prefix_for_half_an_hour_after_its_last_use(http: httpx.Client, timeless: Account) -> None:
    messages = [user(words(2000))]
    written = counts(http, messages)[1]
    for _ in range(4):
        timeless.advance(1_799)
        assert counts(http, messages) == (written, 0)
    timeless.advance(1_800)
    assert counts(http, messages) == (0, written)


def test_a_breakpoint_can_ask_for_twelve_hours(http: httpx.Client, timeless: Account) -> None:
    first = system(marked(words(2000), ttl="12h"))
    counts(http, [first, user("What?")])
    timeless.advance(40_000)
    assert counts(http, [first, user("Why?")])[0] == FRAME + 2000


@pytest.mark.parametrize("model", [OLD, NEW])
def test_a_tenant_can_have_lifetimes_of_its_own(open_tenant: Callable[..., Account], model: str) -> None:
    account = open_tenant(durations={**TIMELESS, "cache.idle": 10, "cache.longest": 25})
    messages = [user(words(2000))]
    with account.client("OpenAI") as http:
        found = []
        for pause in (0, 9, 9, 9, 9, 10):
            account.advance(pause)
            found.append(cached(http, messages, model) > 0)
    assert found == [False, True, True, False, True, False]


# What an answer tells -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [OLD, NEW])
def test_a_stream_tells_the_same_figures(http: httpx.Client, model: str) -> None:
    messages = [user(words(2000))]
    streamed = []
    for _ in range(2):
        body = {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        lines = http.post("/v1/chat/completions", json={**body, "prompt_cache_key": "stream"}).text.split("\n\n")
        chunk = json.loads(lines[-3].removeprefix("data: "))
        ChatCompletionChunk.model_validate(chunk, strict=True)
        streamed.append(chunk["usage"])
    assert streamed == [ask(http, messages, model, prompt_cache_key="unary") for _ in range(2)]
    assert streamed[0]["prompt_tokens_details"]["cached_tokens"] == 0
    assert streamed[1]["prompt_tokens_details"]["cached_tokens"] >= 1920


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_cached_is_answered_sooner(open_tenant: Callable[..., Account], stream: bool) -> None:
    account = open_tenant(durations={**TIMELESS, "chat.uncached_token": 0.001, "chat.output_token": 1})
    body = {"model": OLD, "messages": [user(words(1985 - FRAME - OPENING) + " What?")], "stream": stream}
    body["max_tokens"] = 2
    times = []
    with account.client("OpenAI") as http:
        for _ in range(2):
            before = account.now()
            response = http.post("/v1/chat/completions", json=body)
            times.append(int(response.headers["openai-processing-ms"]))
            assert account.now() > before
    output = times[1] - (1987 - 1920)
    assert times[0] == 1987 + output
    assert output in (1000, 2000)


def test_the_sdk_takes_and_tells_everything(timeless: Account) -> None:
    with openai.OpenAI(api_key=timeless.keys["OpenAI"], base_url=f"{timeless.url}/v1", max_retries=0) as sdk:
        for expected in ((0, FRAME + 1500), (FRAME + 1500, 0)):
            completion = sdk.chat.completions.create(
                model=NEW,
                messages=[
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": words(1500),
                                "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "Answer exactly: yes"},
                ],
                prompt_cache_key="manual",
                prompt_cache_options={"mode": "explicit", "ttl": "30m"},
                prompt_cache_retention="24h",
            )
            assert completion.usage is not None
            details = completion.usage.prompt_tokens_details
            assert details is not None
            assert (details.cached_tokens, details.cache_write_tokens) == expected
