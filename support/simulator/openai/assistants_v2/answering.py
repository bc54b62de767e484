"""What the model does next in a run: calls the caller's functions, uses a tool of its own, or speaks. No HTTP here.

The same decisions as for Responses: a program is written for what is to be calculated, a store is searched for what the
conversation does not tell. After its tools, it speaks, and the run has ended.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_json

from support.simulator import conversing, language_model, tokenizer
from support.simulator.language_model import Document, Reply, Turn
from support.simulator.openai import models
from support.simulator.openai.assistants_v2 import prompting, tool_use
from support.simulator.openai.assistants_v2.kept import Message, Run, Step, Thread, new_id
from support.simulator.openai.chat import REASONING_TOKENS
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.state import OpenAIState

CODE, SEARCH = "code_interpreter", "file_search"
_FALLBACK = "gpt-4o"
"""Where a run's model is gone by the time it begins."""


def next_step(state: OpenAIState, thread: Thread, run: Run, at: float) -> Step | None:
    """The step that begins at that time; None where the prompt has no room."""
    answer = _Answer(state, thread, run, at)
    return answer.step() if answer.prompt is not None else None


def finish(state: OpenAIState, thread: Thread, run: Run, step: Step) -> None:
    """Do what the step's own tools are to do."""
    for call in step.calls:
        if call["type"] == CODE:
            step.files = tool_use.run_program(state, thread, run, call[CODE], step.ends_at)
        elif call["type"] == SEARCH:
            tool_use.search(state, thread, run, call[SEARCH], step.query, step.ends_at)


def model_of(state: OpenAIState, name: str) -> Model | None:
    """The model of that name, be it one of the account's own."""
    tuned = state.fine_tuning.models.get(name)
    return tuned.described() if tuned is not None else models.find(name)


class _Answer:
    def __init__(self, state: OpenAIState, thread: Thread, run: Run, at: float) -> None:
        model = model_of(state, run.settings.model) or models.catalogue()[_FALLBACK]
        prompt = prompting.prompt(thread, run, model)
        self.prompt: Prompt | None = prompt
        self._state = state
        self._thread = thread
        self._run = run
        self._at = at
        self._model = model
        self._before = run.latest
        limit = run.max_completion_tokens
        spent = sum(step.completion_tokens for step in run.steps.values())
        self._left = model.max_output if limit is None else max(0, min(model.max_output, limit - spent))

    def step(self) -> Step:
        begun = Step(new_id("step"), self._at, self._at + self._run.pace.step)
        assert self.prompt is not None
        begun.prompt_tokens = self.prompt.total
        begun.reasoning_tokens = min(self._thought(), self._left)
        begun.completion_tokens = begun.reasoning_tokens
        self._left -= begun.reasoning_tokens
        if self._before is None and self._asked is not None and self._left > 0 and self._use_tools(begun, self._asked):
            return begun
        self._speak(begun)
        return begun

    def _thought(self) -> int:
        effort = self._run.settings.reasoning_effort or self._model.default_effort
        return REASONING_TOKENS[effort] if self._model.reasoning else 0

    @property
    def _asked(self) -> str | None:
        assert self.prompt is not None
        turns = self.prompt.turns
        return turns[-1].text if turns and turns[-1].role == "user" else None

    def _reply(self, documents: list[Document], *, tools: bool = False, turns: list[Turn] | None = None) -> Reply:
        assert self.prompt is not None
        prompt, run = self.prompt, self._run
        choice = (
            run.tool_choice if isinstance(run.tool_choice, str) else run.tool_choice.get("function", {}).get("name")
        )
        tuned = self._state.fine_tuning.models.get(run.settings.model)
        return language_model.reply(
            turns or prompt.turns,
            system="\n".join(prompt.system),
            documents=documents,
            tools=prompt.tools if tools else (),
            tool_choice=choice or "auto",
            schema=prompt.schema,
            max_tokens=max(self._left, 1),
            learned=tuned.style.answer if tuned is not None and tuned.style else None,
            parallel=run.parallel_tool_calls,
        )

    # Tools ----------------------------------------------------------------------------------------------------------

    def _use_tools(self, begun: Step, asked: str) -> bool:
        """Whether the step became a call of tools."""
        choice = self._run.tool_choice
        named = choice["type"] if isinstance(choice, dict) else None
        if choice == "none":
            return False
        offered = {tool["type"] for tool in self._run.settings.tools}
        forced = named is not None or choice == "required"
        if named in (None, "function") and "function" in offered and self._call(begun):
            return True
        if named in (None, CODE) and CODE in offered and self._write(begun, asked, forced, SEARCH not in offered):
            return True
        if named in (None, SEARCH) and SEARCH in offered:
            assert self.prompt is not None
            earlier = [(turn.role, turn.text) for turn in self.prompt.turns[:-1]]
            if forced or not conversing.needs_no_source(asked, earlier, "\n".join(self.prompt.system)):
                self._look_up(begun, asked)
                return True
        return False

    def _call(self, begun: Step) -> bool:
        reply = self._reply([], tools=True)
        if not reply.tool_calls or reply.output_tokens > self._left:
            return False
        for call in reply.tool_calls:
            function = {"name": call.name, "arguments": to_json(call.arguments).decode(), "output": None}
            begun.calls.append({"id": new_id("call"), "type": "function", "function": function})
        begun.completion_tokens += reply.output_tokens
        return True

    def _write(self, begun: Step, asked: str, forced: bool, alone: bool) -> bool:
        program = tool_use.program_for(self._state, self._thread, self._run, asked, self._at)
        if program is None and forced and alone:
            program = f"print({self._reply([]).text!r})"
        if program is None or (not forced and conversing.is_told(asked)):
            return False
        begun.calls.append({"id": new_id("call"), "type": CODE, CODE: {"input": program, "outputs": []}})
        begun.completion_tokens += tokenizer.count(program)
        return True

    def _look_up(self, begun: Step, asked: str) -> None:
        begun.query = tool_use.query_of(asked)
        begun.ends_at = self._run.pace.step + tool_use.ready_at(self._state, self._thread, self._run, self._at)
        described = {"ranking_options": tool_use.ranking(self._run), "results": []}
        begun.calls.append({"id": new_id("call"), "type": SEARCH, SEARCH: described})
        begun.completion_tokens += tokenizer.count(begun.query)

    # Speaking -------------------------------------------------------------------------------------------------------

    def _speak(self, begun: Step) -> None:
        reply, annotations, attachments = self._said()
        cut = reply.finish == "length" or self._left <= 0
        text = reply.text if self._left > 0 else ""
        content = [{"type": "text", "text": {"value": text, "annotations": annotations}}] if text else []
        begun.message = Message(
            id=new_id("msg"),
            thread_id=self._thread.id,
            created_at=self._at,
            role="assistant",
            content=content,
            attachments=attachments,
            assistant_id=self._run.assistant_id,
            run_id=self._run.id,
            incomplete_reason="max_tokens" if cut else None,
        )
        begun.completion_tokens += reply.output_tokens if self._left > 0 else 0

    def _said(self) -> tuple[Reply, list[dict[str, Any]], list[dict[str, Any]]]:
        """What is said, with citations and files."""
        call = self._before.calls[0] if self._before is not None and self._before.calls else None
        assert self.prompt is not None
        if call is None:
            return self._reply([]), [], []
        if call["type"] == "function":
            assert self._before is not None
            return self._reply([], turns=_with_errors_named(self.prompt.turns, self._before)), [], []
        asked = [turn for turn in self.prompt.turns if turn.role != "tool"]
        if call["type"] == SEARCH:
            passages = tool_use.passages(call[SEARCH])
            reply = self._reply([Document(passage.filename, passage.text) for passage in passages], turns=asked)
            if self.prompt.schema is not None:
                return reply, [], []
            return *tool_use.cited(reply, passages, self._left), []
        assert self._before is not None
        text = tool_use.told(call[CODE])
        if self.prompt.schema is not None:
            return self._reply([Document("output", text)], turns=asked), [], []
        return tool_use.with_files(text, self._before.files, self._left)


def _with_errors_named(turns: list[Turn], step: Step) -> list[Turn]:
    """The conversation; where a function failed, its output says which one did."""
    outputs = [(call["function"]["name"], call["function"]["output"] or "") for call in step.calls]
    named = [Turn("tool", _error_named(name, output)) for name, output in outputs]
    return [*turns[: -len(named)], *named]


def _error_named(name: str, output: str) -> str:
    """What to say of a failure; anything else as it is."""
    said: Any
    try:
        given = json.loads(output)
        said = given.get("error") if isinstance(given, dict) else None
    except (ValueError, RecursionError):
        said = output.partition(":")[2] if output.lower().startswith(("error:", "exception:")) else None
    if not said:
        return output
    reason = said.get("message", said) if isinstance(said, dict) else said
    return f"The function {name} failed: {str(reason).strip()}"
