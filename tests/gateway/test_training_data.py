"""Training files: what is written is read back, and what is wrong with one is said line by line, as the provider sees it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.errors import InvalidRequest, LocalFileMissing
from support.gateway import training_data, training_forms
from support.gateway.training_data import check, read_examples, split, write_examples
from support.values import FileReference, Message, ToolCall, ToolOutput, TrainingExample, TuningMethod
from tests.gateway.conftest import ROOT, Tenant
from tests.plain_http import plain_client
from tests.simulator import training_files as training

USER = {"role": "user", "content": "Hello?"}
ASSISTANT = {"role": "assistant", "content": "Hello!"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://pictures.example.net/a.png"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "get_sound", "parameters": SCHEMA}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_sound", "arguments": "{}"}}
GRADER = {
    "type": "string_check",
    "name": "g",
    "input": "{{sample.output_text}}",
    "reference": "{{item.sound}}",
    "operation": "eq",
}
METHODS: dict[TuningMethod, dict[str, Any]] = {
    "supervised": {},
    "preference": {"method": {"type": "dpo", "dpo": {}}},
    "reinforcement": {"model": "o4-mini", "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}}},
}


def said(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def pair(**other: Any) -> dict[str, Any]:
    return {**training.preference(3), **other}


BAD: dict[str, tuple[str, Any]] = {
    "invalid JSON": ("not_json", b'{"messages": [}'),
    "a cut line": ("cut_line", b'{"messages": [{"role": "user", "content": "Hel'),
    "no messages": ("no_messages", {"chat": []}),
    "messages that are no list": ("messages_not_a_list", {"messages": "hello"}),
    "messages that are null": ("messages_not_a_list", {"messages": None}),
    "no role": ("no_role", said({"content": "Hello?"}, ASSISTANT)),
    "an unknown role": ("unknown_role", said({"role": "narrator", "content": "x"}, ASSISTANT)),
    "a role that is a list": ("unknown_role", said({"role": ["user"], "content": "x"}, ASSISTANT)),
    "no content": ("no_content", said({"role": "user"}, ASSISTANT)),
    "null content": ("no_content", said({"role": "user", "content": None}, ASSISTANT)),
    "content that is a number": ("content_of_other_type", said({"role": "user", "content": 5}, ASSISTANT)),
    "an answer without a word": ("empty_content", said(USER, {"role": "assistant", "content": ""})),
    "an answer without content": ("no_content", said(USER, {"role": "assistant"})),
    "an empty list": ("messages_empty", said()),
    "last not the assistant": ("last_not_assistant", said(USER, ASSISTANT, USER)),
    "prompt and completion": ("legacy_form", {"prompt": "Hello?", "completion": "Hello!"}),
    "a blank line": ("blank_line", b""),
    "a line of spaces": ("blank_line", b"   "),
    "not UTF-8": ("not_utf8", b'{"messages": [{"role": "user", "content": "caf\xe9"}]}'),
    "half a character": ("not_utf8", b'{"messages": [{"role": "user", "content": "\\ud83d"}]}'),
    "an array": ("not_an_object", [USER, ASSISTANT]),
    "a text": ("not_an_object", "hello"),
    "null": ("not_an_object", None),
    "a message that is a text": ("message_not_an_object", said("hello", ASSISTANT)),
    "an extra key": ("extra_key", said(USER, ASSISTANT, prompt="x")),
    "the form of preferences": ("other_method", training.preference(3)),
    "a weight of 2": ("bad_weight", said(USER, {**ASSISTANT, "weight": 2})),
    "a weight of the user's": ("bad_weight", said({**USER, "weight": 1}, ASSISTANT)),
    "nothing trained": ("nothing_trained", said(USER, {**ASSISTANT, "weight": 0})),
    "an unknown part": ("bad_part", said({"role": "user", "content": [{"type": "video"}]}, ASSISTANT)),
    "a picture of the assistant's": ("bad_part", said(USER, {"role": "assistant", "content": [PICTURE]})),
    "a picture from nowhere": (
        "bad_part",
        said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}]}, ASSISTANT),
    ),
    "calls of the user's": ("bad_tool_call", said({**USER, "tool_calls": [CALL]}, ASSISTANT)),
    "a call without arguments": (
        "bad_tool_call",
        said(USER, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}),
    ),
    "tools that are no list": ("bad_tools", said(USER, ASSISTANT, tools="x")),
    "a tool without a name": (
        "bad_tools",
        said(USER, ASSISTANT, tools=[{"type": "function", "function": {"parameters": SCHEMA}}]),
    ),
    "parameters that are no schema": (
        "bad_tools",
        said(USER, ASSISTANT, tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": 5}}}]),
    ),
    "open strict parameters": (
        "bad_tools",
        said(
            USER,
            ASSISTANT,
            tools=[{"type": "function", "function": {"name": "f", "strict": True, "parameters": SCHEMA}}],
        ),
    ),
}
BAD_OTHERS: dict[str, tuple[TuningMethod, str, Any]] = {
    "no preferred output": ("preference", "no_preferred_output", {"input": said(USER), "non_preferred_output": []}),
    "no messages in the input": ("preference", "no_messages", pair(input={})),
    "an input that is a text": ("preference", "input_not_an_object", pair(input="x")),
    "an answer by the user": ("preference", "answer_by_others", pair(preferred_output=[USER])),
    "an answer by a tool alone": (
        "preference",
        "answer_by_others",
        pair(preferred_output=[{"role": "tool", "content": "x"}]),
    ),
    "an empty answer": ("preference", "messages_empty", pair(non_preferred_output=[])),
    "more than a pair": ("preference", "extra_key", pair(score=1)),
    "a conversation for preferences": ("preference", "no_input", said(USER, ASSISTANT)),
    "an answer where one is graded": ("reinforcement", "last_from_assistant", said(USER, ASSISTANT, sound="x")),
    "nothing to grade": ("reinforcement", "no_messages", {"sound": "x"}),
}
GOOD: dict[str, tuple[TuningMethod, Any]] = {
    "a conversation": ("supervised", said(USER, ASSISTANT)),
    "a call": (
        "supervised",
        said(USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}, tools=[FUNCTION]),
    ),
    "a call and what came of it": (
        "supervised",
        said(
            USER,
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "moo"},
            ASSISTANT,
            tools=[FUNCTION],
            parallel_tool_calls=False,
        ),
    ),
    "a picture": ("supervised", said({"role": "user", "content": [{"type": "text", "text": "?"}, PICTURE]}, ASSISTANT)),
    "a weight": ("supervised", said(USER, {**ASSISTANT, "weight": 0}, USER, {**ASSISTANT, "weight": 1})),
    "a question without a word": ("supervised", said({"role": "user", "content": ""}, ASSISTANT)),
    "a refusal": ("supervised", said(USER, {"role": "assistant", "content": None, "refusal": "No."})),
    "a carriage return": ("supervised", json.dumps(said(USER, ASSISTANT)).encode() + b"\r"),
    "not a number beside": ("supervised", json.dumps(said(USER, ASSISTANT, functions=float("nan"))).encode()),
    "a preference": ("preference", training.preference(3)),
    "a graded question": ("reinforcement", training.graded(3)),
}


def example(number: int, text: str = "") -> TrainingExample:
    return TrainingExample(
        system="You are a farmer.",
        messages=(
            Message(role="user", text=f"Question {number}? {text}"),
            Message(role="assistant", text=f"Answer {number}."),
        ),
    )


def line(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def written(path: Path, *values: Any) -> Path:
    path.write_bytes(b"".join(line(value) + b"\n" for value in values))
    return path


def usual(method: TuningMethod, number: int) -> Any:
    makers = {"supervised": training.example, "preference": training.preference, "reinforcement": training.graded}
    return makers[method](number)


def with_third(path: Path, method: TuningMethod, value: Any) -> Path:
    values = [usual(method, number) for number in range(12)]
    values[2] = value
    return written(path, *values)


# Writing, reading, splitting -------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    examples = [example(number, 'é 漢字 🐄 "quoted"\nnext line') for number in range(12)]
    data = write_examples(iter(examples), path)
    assert (data.examples, data.faults, data.size_bytes, data.tokens) == (12, (), path.stat().st_size, None)
    assert list(read_examples(path)) == examples
    content = path.read_bytes()
    assert content.endswith(b"}\n")
    assert not content.endswith(b"\n\n")
    assert "é 漢字 🐄".encode() in content
    lines = content.decode().splitlines()
    assert len(lines) == 12
    for each in lines:
        value = json.loads(each)
        assert list(value) == ["messages"]
        assert value["messages"][-1]["role"] == "assistant"


def test_calls_of_functions_are_read_back(tmp_path: Path) -> None:
    asked = TrainingExample(
        messages=(
            Message(role="user", text="Which sound?"),
            Message(role="assistant", text="", calls=(ToolCall(id="c1", name="sound", arguments={"of": "cow"}),)),
            Message(role="user", text="", outputs=(ToolOutput(call_id="c1", output="moo"),)),
            Message(role="assistant", text="It says moo."),
            Message(role="user", text="Thank you.", outputs=()),
            Message(role="assistant", text="Wait.", calls=(ToolCall(id="c2", name="sound", arguments={}),)),
        )
    )
    path = tmp_path / "training.jsonl"
    assert write_examples([asked] * 10, path).faults == ()
    assert list(read_examples(path)) == [asked] * 10


@pytest.mark.parametrize(
    "bad",
    [
        TrainingExample(messages=(Message(role="user", text="Hello?"),)),
        TrainingExample(messages=()),
        TrainingExample(messages=(Message(role="assistant", text=""),)),
        TrainingExample(
            messages=(
                Message(role="user", text="?", files=(FileReference(file_id="file-1"),)),
                Message(role="assistant", text="!"),
            )
        ),
        TrainingExample(messages=(Message(role="assistant", text="\ud83d"),)),
    ],
)
def test_an_example_that_teaches_nothing_is_refused_with_its_index(tmp_path: Path, bad: TrainingExample) -> None:
    path = tmp_path / "training.jsonl"
    with pytest.raises(InvalidRequest) as caught:
        write_examples([example(0), example(1), bad], path)
    assert caught.value.param == "examples[2]"
    assert "examples[2]" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_split_has_no_example_twice_and_is_the_same_again() -> None:
    examples = [example(number) for number in range(12)]
    first, second = split(examples, 0.75, seed=3)
    assert (len(first), len(second)) == (9, 3)
    assert sorted([*first, *second], key=examples.index) == examples
    assert not [one for one in first if one in second]
    assert split(examples, 0.75, seed=3) == (first, second)
    assert any(split(examples, 0.75, seed=seed) != (first, second) for seed in range(4, 9))
    assert list(first) == sorted(first, key=examples.index)
    for share in (0, 1, -1, 2):
        with pytest.raises(InvalidRequest):
            split(examples, share, seed=3)


def test_an_example_that_stands_twice_is_not_in_both_parts() -> None:
    examples = [example(number % 4) for number in range(12)]
    for seed in range(20):
        first, second = split(examples, 0.5, seed)
        assert len(first) + len(second) == 12
        assert not [one for one in first if one in second]


# Checking --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    code, bad = BAD[name]
    data = check(with_third(tmp_path / "training.jsonl", "supervised", bad))
    assert [(fault.line, fault.code) for fault in data.faults] == [(3, code)], data.faults
    assert data.examples == 12
    assert len(data.faults[0].message) > 10


@pytest.mark.parametrize("name", BAD_OTHERS)
def test_a_fault_of_another_method_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    method, code, bad = BAD_OTHERS[name]
    data = check(with_third(tmp_path / "training.jsonl", method, bad), method=method)
    assert [(fault.line, fault.code) for fault in data.faults] == [(3, code)]


@pytest.mark.parametrize("name", GOOD)
def test_what_may_be_is_no_fault(tmp_path: Path, name: str) -> None:
    method, good = GOOD[name]
    assert check(with_third(tmp_path / "training.jsonl", method, good), method=method).faults == ()


def test_all_faults_are_told(tmp_path: Path) -> None:
    values: list[Any] = [training.example(number) for number in range(12)]
    values[2], values[6] = BAD["an array"][1], BAD["not UTF-8"][1]
    data = check(written(tmp_path / "training.jsonl", *values))
    assert [(fault.line, fault.code) for fault in data.faults] == [(3, "not_an_object"), (7, "not_utf8")]
    sentence = str(training_data.refusal_of(data))
    assert "line 3" in sentence
    assert "line 7" in sentence


def test_more_faults_than_can_be_told_are_counted(tmp_path: Path) -> None:
    data = check(written(tmp_path / "training.jsonl", *[[]] * 500), most=7)
    assert len(data.faults) == 8
    assert (data.faults[-1].line, data.faults[-1].code) == (None, "more_faults")
    assert "493" in data.faults[-1].message


def test_nine_examples_are_too_few_and_ten_are_enough(tmp_path: Path) -> None:
    few = check(written(tmp_path / "few.jsonl", *map(training.example, range(9))))
    (fault,) = few.faults
    assert (fault.line, fault.code) == (None, "too_few_examples")
    assert " 9 " in fault.message
    assert " 10 " in fault.message
    assert check(written(tmp_path / "enough.jsonl", *map(training.example, range(10)))).faults == ()
    assert check(written(tmp_path / "one.jsonl", training.example(1)), least=1).faults == ()


@pytest.mark.parametrize(("end", "codes"), [(b"", []), (b"\n", []), (b"\n  ", []), (b"\n\n", ["blank_line"])])
def test_the_last_line_break_is_no_line(tmp_path: Path, end: bytes, codes: list[str]) -> None:
    path = tmp_path / "training.jsonl"
    path.write_bytes(b"\n".join(line(training.example(number)) for number in range(10)) + end)
    assert [fault.code for fault in check(path).faults] == codes


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalFileMissing):
        check(tmp_path / "nowhere.jsonl")
    with pytest.raises(InvalidRequest):
        check(tmp_path)
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert [fault.code for fault in check(empty).faults] == ["too_few_examples"]


def test_seams_are_looked_up_at_call_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_third(tmp_path / "training.jsonl", "supervised", BAD["prompt and completion"][1])
    monkeypatch.setattr(training_data, "line_number", lambda number: number - 1)
    assert check(path).faults[0].line == 2
    monkeypatch.setattr(training_forms, "fault_of", lambda example, method: None)
    assert check(path).faults == ()
    monkeypatch.setattr(training_data, "least_examples", lambda: 13)
    assert [fault.code for fault in check(path).faults] == ["too_few_examples"]


# As the provider sees it -----------------------------------------------------------------------------------------------


@pytest.fixture
def http(tenant: Tenant) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {tenant.keys['OpenAI']}"}
    with plain_client(tenant.url, headers=headers) as client:
        yield client


def verdict(http: httpx.Client, tenant: Tenant, data: bytes, method: TuningMethod) -> str | None:
    """What the simulated provider says of a file once it has read it; None where it takes it."""
    options: dict[str, Any] = {"training_file": training.stored(http, data), **METHODS[method]}
    if method == "reinforcement":
        good = training.lines(*map(training.graded, range(12)))
        options["validation_file"] = training.stored(http, good)
    made = training.created(http, **options)
    tenant.advance(training.QUEUED)
    shown = training.job(http, made["id"])
    if shown["status"] != "failed":
        assert shown["status"] == "queued"
        return None
    assert shown["error"]["param"] == "training_file"
    return str(shown["error"]["message"])


CASES: dict[str, tuple[TuningMethod, Any, bool]] = {
    **{name: ("supervised", bad, False) for name, (_, bad) in BAD.items()},
    **{name: (method, bad, False) for name, (method, _, bad) in BAD_OTHERS.items()},
    **{name: (method, good, True) for name, (method, good) in GOOD.items()},
}


@pytest.mark.parametrize("name", CASES)
def test_the_providers_verdict_is_the_same(http: httpx.Client, tenant: Tenant, tmp_path: Path, name: str) -> None:
    method, value, is_good = CASES[name]
    path = with_third(tmp_path / "training.jsonl", method, value)
    answered = verdict(http, tenant, path.read_bytes(), method)
    assert (answered is None) == is_good == (not check(path, method=method).faults), answered
    if answered is not None:
        assert " 3" in answered


@pytest.mark.parametrize("number", [9, 10])
def test_the_provider_wants_as_many_examples(http: httpx.Client, tenant: Tenant, tmp_path: Path, number: int) -> None:
    path = written(tmp_path / "training.jsonl", *map(training.example, range(number)))
    answered = verdict(http, tenant, path.read_bytes(), "supervised")
    assert (answered is None) == (number == 10) == (not check(path).faults)


# Size and speed --------------------------------------------------------------------------------------------------------

_MEASURE = """
import json, resource, sys, time
from pathlib import Path
from support.gateway.training_data import check
path = Path(sys.argv[1])
check(path.with_name("small.jsonl"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
data = check(path)
took = time.perf_counter() - began
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
began = time.perf_counter()
with path.open("rb") as file:
    for line in file:
        json.loads(line)
print(json.dumps([data.examples, len(data.faults), grown, took, time.perf_counter() - began]))
"""


@pytest.mark.parametrize("megabytes", [10, 100])
def test_a_large_file_takes_the_memory_of_a_line_and_half_the_speed_of_its_json(tmp_path: Path, megabytes: int) -> None:
    block = b"".join(line(training.example(number)) + b"\n" for number in range(1000))
    with (tmp_path / "large.jsonl").open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(block)
    (tmp_path / "small.jsonl").write_bytes(block)
    command = [sys.executable, "-c", _MEASURE, str(tmp_path / "large.jsonl")]
    measured = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    examples, faults, grown, took, alone = json.loads(measured.stdout)
    assert examples * len(block) / 1000 >= megabytes * 1_000_000
    assert faults == 0
    assert grown < (8 << 10), f"{grown} KiB more"
    assert took < 2 * alone
