"""Answering: what is reasoned, which tools are called or run, what is said, and what that cost. No HTTP here.

Tools of the caller end a response with calls; tools that the provider runs come before what is said, in the same response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from support.simulator import conversing, csv_programs, language_model, programs, tokenizer
from support.simulator.language_model import Document, Reply
from support.simulator.openai import logprobs
from support.simulator.openai.chat import REASONING_TOKENS
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.responses_api import contents, naming, sealing, server_tools
from support.simulator.openai.responses_api.contents import Part
from support.simulator.openai.responses_api.history import History
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.request import ResponseRequest
from support.simulator.openai.responses_api.tool_settings import CODE_INTERPRETER, FILE_SEARCH
from support.simulator.openai.state import OpenAIState

_SUMMARY = (
    "**Finding an answer**\n\nThe conversation says what is wanted. I look for it there, and answer with what I find."
)


@dataclass(slots=True)
class Answered:
    """What came out of one request."""

    output: list[Item] = field(default_factory=list)
    incomplete_reason: str | None = None
    read: int = 0
    """Tokens beside the prompt: what tools brought."""
    thought: int = 0
    spent: int = 0
    """Tokens of all that was said and called, without what was thought."""
    seconds: float = 0.0
    """What the tools took."""


class Answering:
    """One answer in the making."""

    def __init__(
        self,
        state: OpenAIState,
        request: ResponseRequest,
        history: History,
        prompt: Prompt,
        now: float,
        durations: Mapping[str, float],
        learned: Callable[[str], str | None] | None,
    ) -> None:
        self._state = state
        self._request = request
        self._history = history
        self._prompt = prompt
        self._now = now
        self._durations = durations
        self._learned = learned
        self._answered = Answered()
        model, limit = request.model, request.get("max_output_tokens")
        self._left: int = model.max_output if limit is None else min(model.max_output, limit)
        self._tools_left: float = request.get("max_tool_calls", float("inf"))

    def answer(self) -> Answered:
        if not self._think():
            return self._answered
        turns = self._prompt.turns
        asked = turns[-1].text if turns and turns[-1].role == "user" else None
        reply = self._reply(self._prompt.documents, tools=asked is not None)
        if reply.tool_calls:
            self._call(reply)
        elif asked is None or not self._run_tools(asked):
            self._say(reply)
        return self._answered

    def _name(self, prefix: str) -> str:
        return naming.in_chain(prefix, self._history.chain, self._now)

    def _think(self) -> bool:
        """Reason, where the model does; False where that used up all that the answer may have (recorded)."""
        request, answered = self._request, self._answered
        thought = REASONING_TOKENS[request.effort]
        answered.thought = min(thought, self._left)
        self._left -= answered.thought
        if thought:
            wanted = request.get("reasoning", {})
            summarised = wanted.get("summary") or wanted.get("generate_summary")
            item: Item = {"id": self._name("rs"), "type": "reasoning", "content": []}
            if request.get("store", True) or "reasoning.encrypted_content" in request.include:
                item["encrypted_content"] = sealing.reasoning()
            item["summary"] = [{"type": "summary_text", "text": _SUMMARY}] if summarised else []
            answered.output.append(item)
        if self._left <= 0:
            answered.incomplete_reason = "max_output_tokens"
        return self._left > 0

    def _reply(self, documents: list[Document], *, tools: bool) -> Reply:
        request, prompt = self._request, self._prompt
        return language_model.reply(
            prompt.turns,
            system="\n".join(prompt.system),
            documents=documents,
            tools=prompt.tools if tools else (),
            tool_choice=request.choice.mode,
            schema=prompt.schema,
            max_tokens=self._left,
            learned=self._learned,
            parallel=request.get("parallel_tool_calls", True),
        )

    # Tools of the caller --------------------------------------------------------------------------------------------

    def _call(self, reply: Reply) -> None:
        """Calls as far as the limit goes; the last one may be cut (recorded)."""
        for call in reply.tool_calls:
            arguments = to_json(call.arguments).decode()
            cost = tokenizer.count(call.name) + tokenizer.count(arguments)
            complete = cost <= self._left
            if not complete:
                arguments = tokenizer.cut(arguments, max(0, self._left - tokenizer.count(call.name)))
                self._answered.incomplete_reason = "max_output_tokens"
            self._spend(min(cost, self._left))
            self._answered.output.append(
                {
                    "id": self._name("fc"),
                    "type": "function_call",
                    "status": "completed" if complete else "incomplete",
                    "arguments": arguments,
                    "call_id": naming.call(),
                    "name": call.name,
                }
            )
            if not complete:
                break

    # Tools that are run here ----------------------------------------------------------------------------------------

    def _run_tools(self, asked: str) -> bool:
        """Run the tool that fits the question, and say what came of it; False where none does."""
        choice, offered = self._request.choice, self._request.offered
        forced = choice.kind is not None or choice.mode == "required"
        if choice.kind not in (None, FILE_SEARCH, CODE_INTERPRETER) or (choice.mode == "none" and choice.kind is None):
            return False
        if self._tools_left < 1:
            return False
        if offered.code_interpreter is not None and choice.kind in (None, CODE_INTERPRETER):
            files = server_tools.files_at_hand(self._state, offered.code_interpreter, self._history.all, self._now)
            program = csv_programs.written_for(asked, files) or programs.written_for(asked, sorted(files))
            if program is None and (choice.kind == CODE_INTERPRETER or (forced and offered.file_search is None)):
                program = f"print({self._reply(self._prompt.documents, tools=False).text!r})"
            if program is not None and (forced or not conversing.is_told(asked)):
                self._run_program(program)
                return True
        if offered.file_search is not None and choice.kind in (None, FILE_SEARCH):
            earlier = [(turn.role, turn.text) for turn in self._prompt.turns[:-1]]
            if forced or not conversing.needs_no_source(asked, earlier, "\n".join(self._prompt.system)):
                self._search(asked)
                return True
        return False

    def _run_program(self, program: str) -> None:
        settings = self._request.offered.code_interpreter
        assert settings is not None
        container = server_tools.container_for(self._state, settings, self._history.all, self._now)
        ran = server_tools.run(self._name("ci"), program, container, self._now)
        self._used(ran.item, tokenizer.count(program), tokenizer.count(ran.logs), "responses.code_interpreter")
        text = server_tools.told(ran)
        if self._prompt.schema is not None:
            self._say(self._reply([Document("output", text)], tools=False))
        else:
            self._say(language_model.ended(text, self._left), [*ran.files])

    def _search(self, asked: str) -> None:
        settings = self._request.offered.file_search
        assert settings is not None
        query = server_tools.query_of(asked)
        passages = server_tools.search(self._state, settings, query, self._now)
        item = server_tools.search_call(self._name("fs"), query, passages)
        self._used(item, tokenizer.count(query), server_tools.tokens(passages), "responses.file_search")
        found = [*server_tools.documents(passages), *self._prompt.documents]
        reply = self._reply(found, tools=False)
        cited = [] if self._prompt.schema is not None else server_tools.citations(reply.text, passages)
        self._say(reply, cited)

    def _used(self, item: Item, written: int, read: int, duration: str) -> None:
        self._answered.output.append(item)
        self._answered.read += read
        self._answered.seconds += server_tools.seconds(self._durations, duration)
        self._tools_left -= 1
        self._spend(min(written, self._left))

    # What is said ---------------------------------------------------------------------------------------------------

    def _say(self, reply: Reply, annotations: list[Part] | None = None) -> None:
        request, answered = self._request, self._answered
        complete = reply.finish != "length"
        if not complete:
            answered.incomplete_reason = "max_output_tokens"
        if self._left <= 0:
            return
        self._spend(reply.output_tokens)
        known = None
        if "message.output_text.logprobs" in request.include:
            known = logprobs.entries(reply.pieces(), request.get("top_logprobs", 0))
        item: dict[str, Any] = {
            "id": self._name("msg"),
            "type": "message",
            "status": "completed" if complete else "incomplete",
            "content": [contents.output_text(reply.text, annotations, known)],
        }
        if not request.model.keeps_in_memory:  # recorded from gpt-5.5 on
            item["phase"] = "final_answer"
        answered.output.append({**item, "role": "assistant"})

    def _spend(self, tokens: int) -> None:
        self._answered.spent += tokens
        self._left -= tokens


def usage(prompt: Prompt, cached: int, written: int, answered: Answered) -> dict[str, Any]:
    """What is charged (recordings: since 2026-07 all models tell what was written to a cache)."""
    went_in, came_out = prompt.total + answered.read, answered.thought + answered.spent
    return {
        "input_tokens": went_in,
        "input_tokens_details": {"cache_write_tokens": written, "cached_tokens": cached},
        "output_tokens": came_out,
        "output_tokens_details": {"reasoning_tokens": answered.thought},
        "total_tokens": went_in + came_out,
    }
