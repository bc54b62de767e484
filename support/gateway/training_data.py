"""Training files: written from examples, read back, split, and checked line by line before anything is sent (provider-facts 8.1).

A file is JSONL. Reading it takes the memory of one line, however long the file is.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from support.catalogue.limits import tuning_limits
from support.errors import InvalidRequest, LocalFileMissing
from support.gateway import training_forms
from support.gateway.refusing import refused
from support.values import (
    DataFault,
    Message,
    Provider,
    ToolCall,
    ToolOutput,
    TrainingData,
    TrainingExample,
    TuningMethod,
)

MOST_FAULTS = 100
"""Of a file, told one by one; of the rest only the number."""
MOST_SAID = 10
"""Faults in the sentence of a refusal."""

# Writing ----------------------------------------------------------------------------------------------------------------


def write_examples(examples: Iterable[TrainingExample], path: Path) -> TrainingData:
    """Writes one line an example, in the `messages` form; the examples are read once, one after the other.

    Raises InvalidRequest with the index (from 0) of an example that cannot be written, and then there is no file.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            for index, example in enumerate(to_write(examples)):
                check_example(example, index)
                file.write(encoded(line_of(example), index) + b"\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return check(path)


def to_write(examples: Iterable[TrainingExample]) -> Iterable[TrainingExample]:
    """All examples, the last one too."""
    return examples


def check_example(example: TrainingExample, index: int) -> None:
    """That the file's reader learns something from it, and that nothing of it would be lost."""
    where = f"examples[{index}]"
    if not example.messages or example.messages[-1].role != "assistant":
        raise refused(Provider.OPENAI, where, "has no message from the assistant at its end, which is what is learned")
    for message in example.messages:
        if message.files:
            raise refused(Provider.OPENAI, where, "refers to a stored file; training data holds all it needs itself")
        if message.pictures:
            raise refused(Provider.OPENAI, where, "shows a picture; examples are written in words here")
        if message.role == "assistant" and message.outputs:
            raise refused(Provider.OPENAI, where, "has outputs of functions in a turn of the assistant's")
        if message.role == "assistant" and not message.text and not message.calls:
            raise refused(Provider.OPENAI, where, "has a message from the assistant that says nothing")


def line_of(example: TrainingExample) -> dict[str, Any]:
    """An example as it stands in the file."""
    system = [] if example.system is None else [{"role": "system", "content": example.system}]
    return {"messages": [*system, *(each for message in example.messages for each in _written(message))]}


def encoded(line: dict[str, Any], index: int = 0) -> bytes:
    """A line in UTF-8, no character escaped that need not be."""
    try:
        return to_json(line)
    except (PydanticSerializationError, UnicodeError) as error:
        raise refused(Provider.OPENAI, f"examples[{index}]", f"cannot be written as UTF-8: {error}") from None


def _written(message: Message) -> list[dict[str, Any]]:
    """A turn in the file's messages: each output of a function is one of its own, before what else is said."""
    outputs = [{"role": "tool", "tool_call_id": output.call_id, "content": output.output} for output in message.outputs]
    if message.calls:
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": to_json(call.arguments).decode()},
            }
            for call in message.calls
        ]
        return [{"role": message.role, "content": message.text or None, "tool_calls": calls}]
    if outputs and not message.text:
        return outputs
    return [*outputs, {"role": message.role, "content": message.text}]


# Reading ----------------------------------------------------------------------------------------------------------------


def read_examples(path: Path) -> Iterator[TrainingExample]:
    """The examples of a file in the `messages` form, one by one; raises InvalidRequest with the line of one that is none.

    Deep-equals what was written, but for what the form has no place for: a failed output's mark, a function's name beside it.
    """
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            value, found = parsed(line)
            found = found or training_forms.fault_of(value, "supervised")
            if found:
                raise refused(Provider.OPENAI, f"line {number}", found[1])
            try:
                yield _example(value["messages"])
            except (TypeError, ValueError, KeyError) as error:
                said = f"has what an example of ours does not: {type(error).__name__}: {error}"[:300]
                raise refused(Provider.OPENAI, f"line {number}", said) from None


def _example(written: Sequence[dict[str, Any]]) -> TrainingExample:
    system: str | None = None
    messages: list[Message] = []
    outputs: list[ToolOutput] = []
    for number, one in enumerate(written):
        role, content = one["role"], one.get("content")
        if role in ("system", "developer") and number == 0:
            system = content
            continue
        if role == "tool":
            outputs.append(ToolOutput(call_id=one["tool_call_id"], output=content))
            continue
        if outputs and role == "assistant":
            messages.append(Message(role="user", text="", outputs=tuple(outputs)))
            outputs = []
        calls = tuple(
            ToolCall(id=call["id"], name=call["function"]["name"], arguments=from_json(call["function"]["arguments"]))
            for call in one.get("tool_calls") or ()
        )
        messages.append(Message(role=role, text=content or "", calls=calls, outputs=tuple(outputs)))
        outputs = []
    return TrainingExample(messages=tuple(messages), system=system)


def split(
    examples: Sequence[TrainingExample], share: float, seed: int
) -> tuple[tuple[TrainingExample, ...], tuple[TrainingExample, ...]]:
    """Two parts, the first with `share` of the examples, each in the order they had; the same for the same seed.

    No example is in both: one that stands there twice is in the first part twice.
    """
    if not 0 < share < 1:
        raise refused(Provider.OPENAI, "share", f"must lie between 0 and 1, not {share}")
    chosen = chosen_of(len(examples), share, seed)
    first = {encoded(line_of(examples[place])) for place in chosen}
    is_first = [place in chosen or encoded(line_of(one)) in first for place, one in enumerate(examples)]
    return (
        tuple(one for one, here in zip(examples, is_first, strict=True) if here),
        tuple(one for one, here in zip(examples, is_first, strict=True) if not here),
    )


def chosen_of(number: int, share: float, seed: int) -> frozenset[int]:
    """The places of the first part."""
    return frozenset(Random(seed).sample(range(number), round(number * share)))


# Checking ---------------------------------------------------------------------------------------------------------------


def check(
    path: Path, *, method: TuningMethod = "supervised", least: int | None = None, most: int = MOST_FAULTS
) -> TrainingData:
    """Reads a file through, and names what is wrong with it, line by line; nothing is sent.

    `least`: examples that it must have, ten where nothing is said (a validation file needs but one); `most`: faults to tell.
    """
    faults: list[DataFault] = []
    examples, more = 0, 0
    fault_of, kept = training_forms.fault_of, may_go_on
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                value = from_json(line, cache_strings="keys")
            except ValueError:
                if is_end(line):
                    break
                value, found = parsed(line)
                found = found or fault_of(value, method)
            else:
                found = fault_of(value, method)
            examples += 1
            if found is not None:
                if len(faults) < most and kept(faults):
                    faults.append(DataFault(line=line_number(number), code=found[0], message=found[1]))
                else:
                    more += 1
        size = file.tell()
    if more:
        said = f"{more} more lines have a fault"
        faults.append(DataFault(line=None, code="more_faults", message=said))
    needed = least_examples() if least is None else least
    if examples < needed:
        said = f"the file has {examples} examples; at least {needed} are needed"
        faults.append(DataFault(line=None, code="too_few_examples", message=said))
    return TrainingData(path=str(path), method=method, examples=examples, size_bytes=size, faults=tuple(faults))


def least_examples() -> int:
    """How many examples a training file must have."""
    return tuning_limits(Provider.OPENAI).min_examples


def may_go_on(faults: Sequence[DataFault]) -> bool:
    """Whether one more fault is told: every one is, not only the first."""
    return True


def line_number(number: int) -> int:
    """A line's number as people count, from 1."""
    return number


def is_end(line: bytes) -> bool:
    """White space after the last line break is no line."""
    return not line.endswith(b"\n") and not line.strip()


def parsed(line: bytes) -> tuple[Any, training_forms.Fault | None]:
    """A line's value, or why it has none. Slower than the fast reader, with which it agrees, and can say what is wrong."""
    if not line.strip():
        return None, ("blank_line", "is blank; each line must be one JSON object")
    try:
        value = json.loads(line.decode("utf-8"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a character, written as an escape, is none
    except UnicodeDecodeError as error:
        return None, ("not_utf8", f"is not UTF-8, from its byte {error.start + 1} on; save the file as UTF-8")
    except UnicodeError:
        return None, ("not_utf8", "has an escape that stands for half a character")
    except json.JSONDecodeError as error:
        cut = error.pos >= len(line.decode("utf-8").rstrip()) or error.msg.startswith("Unterminated")
        if cut and line.lstrip()[:1] in (b"{", b"["):
            return None, ("cut_line", f"ends in the middle of its JSON, at character {error.pos + 1}")
        return None, ("not_json", f"is not JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError):
        return None, ("not_json", "is JSON that is nested too deeply, or has a number that is too long")
    return value, None


def refusal_of(data: TrainingData, field: str = "training") -> InvalidRequest:
    """All faults in one sentence, with their lines."""
    told = [
        fault.message if fault.line is None else f"line {fault.line} {fault.message}"
        for fault in data.faults[:MOST_SAID]
    ]
    rest = len(data.faults) - len(told)
    more = f"; and {rest} more" if rest > 0 else ""
    return refused(Provider.OPENAI, field, f"{data.path} cannot be learned from: {'; '.join(told)}{more}")


def _opened(path: Path) -> Any:
    if not path.exists():
        raise LocalFileMissing(f"there is no file at {path}; check the path", provider=Provider.OPENAI)
    if not path.is_file():
        raise refused(Provider.OPENAI, "training", f"{path} is a directory; name one file")
    return path.open("rb", buffering=1 << 18)
