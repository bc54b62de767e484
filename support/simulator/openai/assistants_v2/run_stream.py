"""A run as a stream of events: named, each with the whole object or with what was added to it (recordings: runs create stream).

Unverified: the deltas of a program and of what it printed, of a message that is cut, and of a run that ends otherwise.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.openai.assistants_v2 import shown
from support.simulator.openai.assistants_v2.kept import Message, Run, Step, Thread, Wire

HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


class Events:
    """Listens to a run, and writes down what happens to it."""

    def __init__(self, thread: Thread, *, contents: bool) -> None:
        """`contents`: steps tell the passages that a search found."""
        self._thread = thread
        self._contents = contents
        self._written: list[bytes] = []

    def finished(self) -> list[bytes]:
        """All events."""
        return [*self._written, b"event: done\ndata: [DONE]\n\n"]

    def thread_created(self) -> None:
        self._write("thread.created", shown.thread(self._thread, read=True))

    def run_created(self, run: Run) -> None:
        self._write("thread.run.created", self._run(run))
        self.run_changed(run)

    def run_changed(self, run: Run) -> None:
        self._write(f"thread.run.{run.status}", self._run(run))

    def step_began(self, run: Run, step: Step) -> None:
        for name in ("created", "in_progress"):
            self._write(f"thread.run.step.{name}", shown.step(run, step))

    def step_grew(self, run: Run, step: Step) -> None:
        for index, call in enumerate(step.calls):
            for part in _deltas(call):
                self._grow(step, {"index": index, **part})

    def step_ended(self, run: Run, step: Step) -> None:
        for index, call in enumerate(step.calls):
            if call["type"] == "code_interpreter" and call["code_interpreter"]["outputs"]:
                outputs = [
                    {"index": place, **output} for place, output in enumerate(call["code_interpreter"]["outputs"])
                ]
                self._grow(step, {"index": index, "type": "code_interpreter", "code_interpreter": {"outputs": outputs}})
        self._write(f"thread.run.step.{step.status}", shown.step(run, step, contents=self._contents))

    def message_began(self, message: Message) -> None:
        for name in ("created", "in_progress"):
            self._write(f"thread.message.{name}", shown.message(message, streamed=True, begun=True))

    def message_ended(self, message: Message) -> None:
        first = True
        for text, marks in _pieces(message):
            said: Wire = {"value": text, "annotations": marks} if first or marks else {"value": text}
            first = False
            delta = {"content": [{"index": 0, "type": "text", "text": said}]}
            self._write("thread.message.delta", {"id": message.id, "object": "thread.message.delta", "delta": delta})
        told = shown.message(message, streamed=True)
        self._write(f"thread.message.{told['status']}", told)

    def _run(self, run: Run) -> Wire:
        return shown.run(run, streamed=self._thread.resources)

    def _grow(self, step: Step, call: Wire) -> None:
        delta = {"step_details": {"type": "tool_calls", "tool_calls": [call]}}
        self._write("thread.run.step.delta", {"id": step.id, "object": "thread.run.step.delta", "delta": delta})

    def _write(self, name: str, value: Any) -> None:
        self._written.append(b"event: " + name.encode() + b"\ndata: " + to_json(value) + b"\n\n")


def _deltas(call: Wire) -> list[Wire]:
    """A call as it is made: its beginning, then its arguments or its program bit by bit."""
    kind = call["type"]
    if kind == "file_search":
        return [shown.call_of(call, contents=False)]
    key = "arguments" if kind == "function" else "input"
    rest: Wire = {"output": None} if kind == "function" else {"outputs": []}
    head = {"name": call[kind]["name"]} if kind == "function" else {}
    opening = {"id": call["id"], "type": kind, kind: {**head, key: "", **rest}}
    return [opening, *({"type": kind, kind: {key: piece}} for piece in tokenizer.split(call[kind][key]))]


def _pieces(message: Message) -> list[tuple[str, list[Wire]]]:
    """The text bit by bit; what an annotation marks is one piece, and brings it."""
    pieces: list[tuple[str, list[Wire]]] = []
    for part in message.content:
        text, at = part["text"]["value"], 0
        for index, annotation in enumerate(part["text"]["annotations"]):
            start, end = annotation["start_index"], annotation["end_index"]
            pieces += [(piece, []) for piece in tokenizer.split(text[at:start])]
            pieces.append((text[start:end], [{"index": index, **_quoted(annotation)}]))
            at = end
        pieces += [(piece, []) for piece in tokenizer.split(text[at:])]
    return pieces


def _quoted(annotation: Wire) -> Wire:
    """In a stream a citation has an empty quote (recorded)."""
    if annotation["type"] != "file_citation":
        return annotation
    return {**annotation, "file_citation": {**annotation["file_citation"], "quote": ""}}
