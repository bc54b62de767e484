"""What the simulated OpenAI finds in training files after it accepted a job (provider-facts 8.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import example, failed, finished, graded, lines, preference, stored

INVALID = "The job failed due to an invalid training file. "
FORMAT = f"{INVALID}Invalid file format. "
NO_DICTIONARY = f"{INVALID}Expected file to have JSONL format, where every line is a valid JSON dictionary. "
USER = {"role": "user", "content": "Hello?"}
ASSISTANT = {"role": "assistant", "content": "Hello!"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://pictures.example.net/a.png"}}
FUNCTION = {"type": "function", "function": {"name": "get_sound", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_sound", "arguments": "{}"}}
GRADER = {
    "type": "string_check",
    "name": "g",
    "input": "{{sample.output_text}}",
    "reference": "{{item.sound}}",
    "operation": "eq",
}
DPO = {"method": {"type": "dpo", "dpo": {}}}
RFT: dict[str, Any] = {"model": "o4-mini", "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}}}


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def said(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def deep(levels: int) -> dict[str, Any]:
    """A schema of objects in objects."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


BAD: dict[str, tuple[Any, str]] = {
    "invalid JSON": (
        b'{"messages": [}',
        f"{FORMAT}Example 3 cannot be parsed. Error: line contains invalid json: Expecting value: line 1 column 15 (char "
        "14) (line 3)",
    ),
    "no messages": ({"chat": []}, f'{FORMAT}Example 3 is missing key "messages".'),
    "messages that are no list": (said() | {"messages": "hello"}, f'{FORMAT}Example 3 "messages" is not a list.'),
    "no role": (
        said(USER, {"content": "Hello!"}),
        f"{FORMAT}Example 3, message 2 Discriminator 'role' is missing in value",
    ),
    "an unknown role": (
        said(USER, {"role": "robot", "content": "Hello!"}),
        f"{FORMAT}Example 3, message 2 No match for discriminator 'role' and value 'robot' (allowed values: 'assistant', "
        "'developer', 'function', 'system', 'tool', 'user')",
    ),
    "no content": (said(USER, {"role": "assistant"}), f'{FORMAT}Example 3, message 2 is missing key "content".'),
    "no message": (said(), f'{FORMAT}Example 3 "messages" is empty.'),
    "the user last": (said(USER, ASSISTANT, USER), f"{FORMAT}Example 3 last message is not from the assistant."),
    "a prompt and a completion": (
        {"prompt": "Hello?", "completion": "Hello!"},
        f'{FORMAT}Example 3 is missing key "messages".',
    ),
    "a blank line": (b"", f"{NO_DICTIONARY}Line 3 is not a dictionary."),
    "no UTF-8": (b'{"messages": "\xff"}', f"{FORMAT}Example 3 cannot be parsed. Error: line is not valid UTF-8"),
    "half a character": (
        b'{"messages": "\\ud800"}',
        f"{FORMAT}Example 3 cannot be parsed. Error: line is not valid UTF-8",
    ),
    "a bare array": ([USER, ASSISTANT], f"{NO_DICTIONARY}Line 3 is not a dictionary."),
    "deep nesting": (
        b'{"a":' * 5_000,
        f"{FORMAT}Example 3 cannot be parsed. Error: line contains invalid json: maximum recursion depth exceeded",
    ),
    "a schema without a bottom": (
        said(USER, ASSISTANT, tools=[{"type": "function", "function": {"name": "f", "parameters": deep(400)}}]),
        f"{FORMAT}Example 3 is nested too deeply.",
    ),
    "an unknown key": (said(USER, ASSISTANT, weight=1), f'{FORMAT}Example 3 contains an extra "weight".'),
    "a message that is no dictionary": (said("hello"), f"{FORMAT}Example 3, message 1 is not a dictionary."),
    "an empty answer": (
        said(USER, {"role": "assistant", "content": ""}),
        f'{FORMAT}Example 3, message 2 "content" is empty.',
    ),
    "content that is a number": (
        said({"role": "user", "content": 5}, ASSISTANT),
        f'{FORMAT}Example 3, message 1 "content" is neither a string nor a list.',
    ),
    "a weight of 2": (
        said(USER, {**ASSISTANT, "weight": 2}),
        f"{FORMAT}Example 3, message 2 has a weight that is neither 0 nor 1.",
    ),
    "a weight for the user": (
        said({**USER, "weight": 1}, ASSISTANT),
        f"{FORMAT}Example 3, message 1 has a weight, which only assistant messages may have.",
    ),
    "nothing to learn": (
        said(USER, {**ASSISTANT, "weight": 0}),
        f"{FORMAT}Example 3 has no assistant message with a weight above 0.",
    ),
    "a picture by the assistant": (
        said(USER, {"role": "assistant", "content": [PICTURE]}),
        f"{FORMAT}Example 3, message 2 is from the assistant and has an image.",
    ),
    "a part of no kind": (
        said({"role": "user", "content": [{"type": "video", "video": {}}]}, ASSISTANT),
        f'{FORMAT}Example 3, message 1 has a part of "content" that is no text and no image.',
    ),
    "tools that are no list": (said(USER, ASSISTANT, tools={}), f'{FORMAT}Example 3 "tools" is not a list.'),
    "a tool without a name": (
        said(USER, ASSISTANT, tools=[{"type": "function", "function": {}}]),
        f"{FORMAT}Example 3: Missing required parameter: 'tools[0].function.name'.",
    ),
    "a call without a name": (
        said(USER, {"role": "assistant", "tool_calls": [{"id": "call_1"}]}),
        f"{FORMAT}Example 3, message 2 has a tool call without a name or without arguments.",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_line_fails_the_job_and_is_named(tenant: Account, http: httpx.Client, name: str) -> None:
    line, message = BAD[name]
    data = lines(*map(example, (0, 1)), line, *map(example, range(3, 12)))
    error = failed(tenant, http, data)
    assert (error["code"], error["param"]) == ("invalid_training_file", "training_file")
    assert error["message"].startswith(message), error["message"]


def test_a_failed_job_has_no_model_and_cost_nothing(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http, training_file=stored(http, lines(b"hello", *map(example, range(12)))))
    assert done["status"] == "failed"
    assert [done[key] for key in ("fine_tuned_model", "trained_tokens", "finished_at", "result_files")] == [
        None,
        None,
        None,
        [],
    ]
    assert not [one for one in http.get("/v1/models").json()["data"] if one["id"].startswith("ft:")]
    assert training.error(http.post(f"/v1/fine_tuning/jobs/{done['id']}/cancel"), 400)["code"] is None


@pytest.mark.parametrize("examples", [1, 9])
def test_fewer_than_ten_examples_fail_the_job(tenant: Account, http: httpx.Client, examples: int) -> None:
    assert failed(tenant, http, lines(*map(example, range(examples)))) == {
        "code": "invalid_n_examples",
        "param": "training_file",
        "message": f"Training file has {examples} example(s), but must have at least 10 examples",
    }


def test_ten_examples_are_enough(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http, training_file=stored(http, lines(*map(example, range(10)))))
    assert done["status"] == "succeeded"


@pytest.mark.parametrize("data", [training.TWELVE.rstrip(b"\n"), training.TWELVE.replace(b"\n", b"\r\n")])
def test_the_end_of_a_line_does_not_matter(tenant: Account, http: httpx.Client, data: bytes) -> None:
    assert finished(tenant, http, training_file=stored(http, data))["status"] == "succeeded"


def test_a_rich_conversation_is_taken(tenant: Account, http: httpx.Client) -> None:
    rich = said(
        {"role": "developer", "content": "You are a farmer."},
        {"role": "user", "content": [{"type": "text", "text": "Which sound is it?"}, PICTURE], "name": "ada"},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "weight": 0},
        {"role": "tool", "tool_call_id": "call_1", "content": "moo"},
        {"role": "assistant", "content": [{"type": "text", "text": "Moo."}], "weight": 1},
        tools=[FUNCTION],
        parallel_tool_calls=False,
    )
    done = finished(tenant, http, training_file=stored(http, lines(*[rich] * 10)), hyperparameters={"n_epochs": 1})
    assert done["status"] == "succeeded", done["error"]
    assert done["trained_tokens"] > 10 * 765, "pictures count"


def test_an_example_longer_than_the_model_learns_from_fails(tenant: Account, http: httpx.Client) -> None:
    long = said(USER, {"role": "assistant", "content": "word " * 17_000})
    data = lines(*map(example, range(11)), long)
    message = failed(tenant, http, data, model="gpt-3.5-turbo")["message"]
    assert message.startswith(f"{FORMAT}Example 12 has 17")
    assert "16385" in message
    assert finished(tenant, http, training_file=stored(http, data))["status"] == "succeeded", "gpt-4o-mini takes more"


def test_a_bad_validation_file_is_named_as_such(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http, validation_file=stored(http, lines(example(0), [1])))
    assert done["error"] == {
        "code": "invalid_validation_file",
        "param": "validation_file",
        "message": "The job failed due to an invalid validation file. Expected file to have JSONL format, where every line "
        "is a valid JSON dictionary. Line 2 is not a dictionary.",
    }


def test_one_validation_example_is_enough(tenant: Account, http: httpx.Client) -> None:
    assert finished(tenant, http, validation_file=stored(http, lines(example(0))))["status"] == "succeeded"


def test_the_old_form_is_for_the_old_models(tenant: Account, http: httpx.Client) -> None:
    data = lines(*({"prompt": training.question(n), "completion": training.answer(n)} for n in range(12)))
    message = failed(tenant, http, data)["message"]
    assert "is in the prompt-completion format" in message
    assert f"model {training.SNAPSHOT} is a chat model" in message
    assert "Example 1" in message
    done = finished(tenant, http, training_file=stored(http, data), model="davinci-002")
    assert (done["status"], done["fine_tuned_model"][:15]) == ("succeeded", "ft:davinci-002:")
    other = failed(tenant, http, lines({"prompt": "a", "completion": 5}), model="babbage-002")["message"]
    assert other == f'{FORMAT}Example 1 "completion" is not a string.'


def test_preferences_are_learned_by_their_own_method(tenant: Account, http: httpx.Client) -> None:
    data = lines(*map(preference, range(12)))
    done = finished(tenant, http, training_file=stored(http, data), **DPO)
    assert done["status"] == "succeeded", done["error"]
    assert done["hyperparameters"] is None, "as quoted of live jobs"
    assert done["method"] == {
        "type": "dpo",
        "dpo": {"hyperparameters": {"n_epochs": 8, "batch_size": 1, "learning_rate_multiplier": 1.8, "beta": 0.1}},
    }
    file = stored(http, training.TWELVE)
    message = finished(tenant, http, training_file=file, **DPO)["error"]["message"]
    assert message == (  # as quoted, with the space at its end
        f"{FORMAT}Input file {file} is in the fine-tune-chat format, but the specified fine-tuning job is not using "
        "'supervised' as the training method (provided method=dpo). "
    )
    message = failed(tenant, http, data)["message"]
    assert "is not using 'dpo' as the training method (provided method=supervised)" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": None}, 'Example 2 "input" is not a dictionary.'),
        ({"input": {"messages": []}}, 'Example 2 "messages" is empty.'),
        ({"preferred_output": "Moo."}, 'Example 2 "preferred_output" is not a list.'),
        ({"preferred_output": [USER]}, 'Example 2 "preferred_output" may have messages of the assistant and of tools alone.'),
        ({"non_preferred_output": [{"role": "tool", "content": "x"}]}, 'Example 2 "non_preferred_output" has no assistant message.'),
        ({"rating": 5}, 'Example 2 contains an extra "rating".'),
    ],
)  # fmt: skip
def test_a_bad_preference_is_named(tenant: Account, http: httpx.Client, change: dict[str, Any], message: str) -> None:
    data = lines(preference(0), {**preference(1), **change}, *map(preference, range(2, 12)))
    assert failed(tenant, http, data, **DPO)["message"] == f"{FORMAT}{message}"


def test_a_preference_without_one_of_its_parts_is_named(tenant: Account, http: httpx.Client) -> None:
    for key in ("input", "preferred_output", "non_preferred_output"):
        one = preference(1)
        del one[key]
        data = lines(preference(0), one, *map(preference, range(2, 12)))
        assert failed(tenant, http, data, **DPO)["message"] == f'{FORMAT}Example 2 is missing key "{key}".'


def test_graded_examples_end_with_the_question(tenant: Account, http: httpx.Client) -> None:
    data = lines(*map(graded, range(12)))
    done = finished(tenant, http, training_file=stored(http, data), validation_file=stored(http, data), **RFT)
    assert done["status"] == "succeeded", done["error"]
    method = done["method"]["reinforcement"]
    assert method["grader"] == GRADER
    assert method["hyperparameters"] == {
        "n_epochs": 8,
        "batch_size": 1,
        "learning_rate_multiplier": 1.8,
        "compute_multiplier": 1.0,
        "eval_interval": 9,
        "eval_samples": 2,
        "reasoning_effort": "default",
    }
    metrics = [
        e["data"] for e in training.job(http, done["id"], "/events", limit=200)["data"] if e["type"] == "metrics"
    ]
    rewards = [one["train_reward_mean"] for one in metrics]
    assert rewards == sorted(rewards, reverse=True), "rising, the newest first"
    answered = lines(*map(example, range(12)))
    message = failed(tenant, http, answered, validation_file=stored(http, data), **RFT)["message"]
    assert message == f"{FORMAT}Example 1 last message is from the assistant."
