"""Reading a training or validation file, and why it is refused: what the provider does after it accepted a job.

The words for JSON that cannot be read, a line that is no dictionary, a file of another method's form and too few examples are
the provider's own, as its users quote them (2023 to 2025); the others are unverified. The first fault ends the reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from support.simulator.openai import fine_tuning_examples as examples
from support.simulator.openai.files import StoredFile
from support.simulator.openai.fine_tuning_examples import Fault, Lesson
from support.simulator.openai.fine_tuning_models import COMPLETIONS, longest_example
from support.simulator.openai.fine_tuning_options import Options

FEWEST_EXAMPLES = 10

_FORMATS = {"messages": "fine-tune-chat", "input": "fine-tune-preference", "prompt": "prompt-completion"}
_GUIDE = "https://platform.openai.com/docs/guides/fine-tuning/preparing-your-dataset"
_REFERENCE = re.compile(r"\{\{\s*item\.(\w+)")
# A half of a pair that stands for one character beyond 16 bits; alone it is no character.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a file teaches."""

    examples: int
    tokens: int
    """Of all examples, once through."""
    pairs: list[tuple[str, str]]


class Refused(Exception):
    """Why a job fails: `error` as the job shows it."""

    def __init__(self, code: str, message: str, param: str) -> None:
        super().__init__(message)
        self.error = {"code": code, "param": param, "message": message}


@dataclass(frozen=True, slots=True)
class _Reader:
    """How a job's files are read, by its method and its model."""

    read: Callable[[dict[str, Any]], Lesson]
    key: str
    """The key by which an example of this form is known."""
    options: Options
    base: str


def read(
    training: StoredFile, validation: StoredFile | None, options: Options, base: str
) -> tuple[Lessons, Lessons | None]:
    """Both files; `base` is the dated model. Raises Refused for the first thing that is wrong."""
    reader = _reader(options, base)
    taught = _read(training, "training", reader)
    if taught.examples < FEWEST_EXAMPLES:
        message = f"Training file has {taught.examples} example(s), but must have at least {FEWEST_EXAMPLES} examples"
        raise Refused("invalid_n_examples", message, "training_file")
    return taught, None if validation is None else _read(validation, "validation", reader)


def _reader(options: Options, base: str) -> _Reader:
    if options.method == "dpo":
        return _Reader(examples.preference, "input", options, base)
    if options.method == "reinforcement":
        found = _REFERENCE.search(json.dumps(options.grader))
        return _Reader(examples.reinforced(found[1] if found else None), "messages", options, base)
    if base in COMPLETIONS:
        return _Reader(examples.completion, "prompt", options, base)
    return _Reader(examples.conversation, "messages", options, base)


def _read(file: StoredFile, role: str, reader: _Reader) -> Lessons:
    number, tokens = 0, 0
    longest = longest_example(reader.base)
    pairs: list[tuple[str, str]] = []
    try:
        for number, example in _examples(file.data):
            if number == 1:
                _check_form(file, example, reader)
            lesson = reader.read(example)
            if lesson.tokens > longest:
                raise Fault(f"has {lesson.tokens} tokens, more than the {longest} that {reader.base} learns from.")
            tokens += lesson.tokens
            pairs += lesson.pairs
    except Fault as fault:
        said = str(fault)
        raise _refused(role, f"Invalid file format. Example {number}{'' if said[0] in ',:' else ' '}{said}") from None
    except _Unreadable as fault:
        raise _refused(role, str(fault)) from None
    except (RecursionError, ValueError):  # a schema or a call that is so deep that it cannot be written down
        raise _refused(role, f"Invalid file format. Example {number} is nested too deeply.") from None
    return Lessons(number, tokens, pairs)


def _check_form(file: StoredFile, example: dict[str, Any], reader: _Reader) -> None:
    """Raise when the file is in the form of another method or another kind of model."""
    form = next((form for key, form in _FORMATS.items() if key in example), None)
    if reader.key in example or form is None:
        return
    told = f"Invalid file format. Input file {file.id} is in the {form} format, but the specified"
    if form == "prompt-completion":
        raise _Unreadable(
            f"{told} model {reader.base} is a chat model and requires chat-formatted data, as Example 1 shows. See our "
            f"fine-tuning guide for an example: {_GUIDE}"
        )
    method = {"fine-tune-chat": "supervised", "fine-tune-preference": "dpo"}[form]
    raise _Unreadable(
        f"{told} fine-tuning job is not using '{method}' as the training method (provided method="
        f"{reader.options.method}). "
    )


class _Unreadable(Exception):
    """What is wrong with a file, in a whole sentence."""


def _examples(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines, numbered from 1; the last one may end in a line break or not."""
    lines = data.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, _parsed(line, number)


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"))
        if _SURROGATE.search(line):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise _unparsed(number, "line is not valid UTF-8") from None
    except (ValueError, RecursionError) as error:
        if not line.strip():
            raise _no_dictionary(number) from None
        raise _unparsed(number, f"line contains invalid json: {error} (line {number})") from None
    if not isinstance(value, dict):
        raise _no_dictionary(number)
    return value


def _unparsed(number: int, why: str) -> _Unreadable:
    return _Unreadable(f"Invalid file format. Example {number} cannot be parsed. Error: {why}")


def _no_dictionary(number: int) -> _Unreadable:
    return _Unreadable(
        "Expected file to have JSONL format, where every line is a valid JSON dictionary. "
        f"Line {number} is not a dictionary."
    )


def _refused(role: str, why: str) -> Refused:
    return Refused(f"invalid_{role}_file", f"The job failed due to an invalid {role} file. {why}", f"{role}_file")
