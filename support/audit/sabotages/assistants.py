"""Sabotages of assistants, threads, runs and the tools that they use, on both of OpenAI's APIs."""

import json
from importlib import import_module
from typing import Any

import openai

from support.audit.sabotages.places import FOLDERS, gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import JobFailed, RateLimited, TouchstoneError
from support.housekeeping.removal import Removal
from support.ledger import Call
from support.values import Provider, Run, ToolOutput

OPENAI = (Provider.OPENAI,)
WITH_SEARCH = (Provider.OPENAI, Provider.GEMINI)


def _v2(name: str) -> Any:
    """A module of the adapter to the Assistants API."""
    return module(Provider.OPENAI, f"assistants_v2.{name}")


def _new(name: str) -> Any:
    """A module of the adapter to Responses and Conversations."""
    return module(Provider.OPENAI, f"responses.{name}")


def _desks() -> list[Any]:
    """The classes of assistants on both."""
    return [_v2("assistants").AssistantsV2, _new("assistants").ResponsesAssistants]


def _runs() -> list[Any]:
    """The classes of runs on both."""
    return [_v2("runs").RunsV2, _new("runs").ResponseRuns]


# Assistants and messages ----------------------------------------------------------------------------------------------


def _beta_header_missing() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def ask(method: Any, *names: str, **options: Any) -> Any:
            if getattr(method, "__name__", "") == "list":
                fired()
                return method(*names, **options, extra_headers={"OpenAI-Beta": openai.Omit()})
            return original(method, *names, **options)

        return ask

    return [Patch(_v2(name), "ask", make) for name in ("assistants", "threads", "messages", "runs")]


def _metadata_stringified() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def get(self: Any, assistant_id: str) -> Any:
            seen = await original(self, assistant_id)
            if not seen.metadata:
                return seen
            fired()
            return seen.model_copy(update={"metadata": {"metadata": json.dumps(dict(seen.metadata))}})

        return get

    return [Patch(gateway("assistants").AssistantKeeper, "get", make)]


def _instructions_trimmed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def create(self: Any, *, instructions: str | None = None, **said: Any) -> Any:
            trimmed = instructions.lstrip("\n") if instructions else instructions
            if trimmed != instructions:
                fired()
            return await original(self, instructions=trimmed, **said)

        return create

    return [Patch(gateway("assistants").AssistantKeeper, "create", make)]


def _stale_instructions() -> list[Patch]:
    first: dict[str, str | None] = {}

    def remembering(original: Any, fired: Fired) -> Any:
        async def send_create(self: Any, *given: Any) -> Any:
            made = await original(self, *given)
            first[made.id] = made.instructions
            return made

        return send_create

    def changing(original: Any, fired: Fired) -> Any:
        async def send_update(self: Any, assistant_id: str, described: Any) -> Any:
            if described.instructions is not None:
                fired()
            return await original(self, assistant_id, described)

        return send_update

    def stale(original: Any, fired: Fired) -> Any:
        def instructions(order: Any, *given: Any) -> Any:
            return first.get(order.assistant_id) if order.instructions is None else original(order, *given)

        return instructions

    patches = [Patch(desk, "_send_create", remembering) for desk in _desks()]
    patches += [Patch(desk, "_send_update", changing) for desk in _desks()]
    return [
        *patches,
        Patch(_v2("runs"), "instructions_to_send", stale),
        Patch(_new("requests"), "instructions_of", stale),
    ]


def _unicode_mangled() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def text_to_send(message: Any) -> str:
            text = str(original(message))
            mangled = json.dumps(text)[1:-1]
            if mangled != text:
                fired()
            return mangled

        return text_to_send

    return [Patch(gateway("assistants"), "text_to_send", make)]


def _first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> None:
            if original(page) is not None:
                fired()

        return following

    return [Patch(gateway("assistants"), "following", make)]


# Runs -----------------------------------------------------------------------------------------------------------------


def _instructions_lost() -> list[Patch]:
    def empty(original: Any, fired: Fired) -> Any:
        def instructions_to_send(order: Any) -> str:
            fired()
            return ""

        return instructions_to_send

    def none(original: Any, fired: Fired) -> Any:
        def instructions_to_send(frozen: Any) -> None:
            fired()

        return instructions_to_send

    return [
        Patch(_v2("runs"), "instructions_to_send", empty),
        Patch(_new("requests"), "instructions_to_send", none),
    ]


def _busy_loop() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def next_pause(before: float | None, run: Run) -> float:
            fired()
            return 0.05

        return next_pause

    return [Patch(gateway("runs"), "next_pause", make)]


def _failed_as_completed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def wait(self: Any, run: Run, **more: Any) -> Run:
            seen: Run = await original(self, run, **more)
            if seen.status != "failed":
                return seen
            fired()
            return seen.model_copy(update={"status": "completed", "failure": None})

        return wait

    return [Patch(gateway("runs").RunKeeper, "wait", make)]


def _steps_dropped() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def steps(self: Any, thread_id: str, run_id: str) -> tuple[Any, ...]:
            if await original(self, thread_id, run_id):
                fired()
            return ()

        return steps

    return [Patch(runs, "steps", make) for runs in _runs()]


def _annotations_dropped() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def citations(*given: Any) -> tuple[Any, ...]:
            if original(*given):
                fired()
            return ()

        return citations

    return [
        Patch(_v2("reading"), "citations_of", make),
        Patch(_new("messages"), "citations", make),
        Patch(module(Provider.GEMINI, "file_search"), "citations", make),
    ]


def _retry_duplicates_run() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def found(self: Any, *given: Any) -> None:
            fired()

        return found

    return [Patch(_v2("runs").RunsV2, "_made_by", make), Patch(_new("runs").ResponseRuns, "_find", make)]


def _retry_duplicates_message() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        begun: set[str] = set()

        async def begin(self: Any, order: Any) -> Any:
            if order.thread_id in begun:
                fired()
                said = {"role": "user", "content": "What do you say?"}
                if type(self).__name__ == "RunsV2":
                    await self._client.beta.threads.messages.create(order.thread_id, **said)
                else:
                    await self._client.conversations.items.create(order.thread_id, items=[{"type": "message", **said}])
            begun.add(order.thread_id)
            return await original(self, order)

        return begin

    return [Patch(runs, "_begin", make) for runs in _runs()]


def _poll_429_fails_run() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def may_repeat(error: BaseException, repeat: Any) -> bool:
            if isinstance(error, RateLimited) and error.operation == "runs.get":
                fired()
                raise JobFailed("the run failed", provider=Provider.OPENAI)
            return bool(original(error, repeat))

        return may_repeat

    return [Patch(gateway("call"), "may_repeat", make)]


def _ignores_retry_after() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def pause(error: TouchstoneError | None, attempt: int) -> float:
            if error is not None and error.retry_after is not None:
                fired()
            return float(original(None, attempt))

        return pause

    return [Patch(gateway("retry"), "pause", make)]


def _rate_limit_swallowed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def has_failed(run: Run) -> bool:
            if run.failure is not None and run.failure.code == "rate_limit_exceeded":
                fired()
                return False
            return bool(original(run))

        return has_failed

    return [Patch(gateway("runs"), "has_failed", make)]


# Functions ------------------------------------------------------------------------------------------------------------


def _args_not_json() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def arguments(*given: Any) -> dict[str, str]:
            fired()
            return {"arguments": json.dumps(original(*given))}

        return arguments

    chats = [Patch(module(provider, "chat_tools"), "arguments_of", make) for provider in FOLDERS]
    return [
        Patch(_v2("reading"), "arguments_of", make),
        Patch(_new("reading"), "parsed_arguments", make),
        *chats,
    ]


def _wrong_call_id() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def call_id(output: ToolOutput) -> str:
            fired()
            return str(original(output))[::-1]

        return call_id

    chats = [Patch(module(provider, "chat_tools"), "output_id", make) for provider in FOLDERS]
    return [
        Patch(_v2("runs"), "call_to_answer", make),
        Patch(_new("requests"), "call_id_to_send", make),
        *chats,
    ]


# The whole ------------------------------------------------------------------------------------------------------------


def cost_of_the_last_run() -> list[Patch]:
    """Of `workflow.cost_last_run_only`, which is the fault of other work too."""

    def make(original: Any, fired: Fired) -> Any:
        def total(calls: Any) -> Any:
            several = [call for call in calls if isinstance(call, Call) and call.cost_usd]
            if len(several) > 1:
                fired()
            return original(several[-1:])

        return total

    return [Patch(import_module("support.world.core"), "total", make)]


def _leaks_resources() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def delete(self: Any, kept: Any, kind: str, id: str) -> bool:
            if kind in ("vector_store", "conversation", "v2_thread"):
                fired()
                return False
            return bool(await original(self, kept, kind, id))

        return delete

    return [Patch(Removal, "_delete", make)]


ASSISTANTS = (
    Sabotage(
        "assistants.beta_header_missing",
        "A request to the Assistants API goes out without saying which version is meant.",
        OPENAI,
        _beta_header_missing,
    ),
    Sabotage(
        "assistants.metadata_stringified_lossy",
        "An assistant's metadata comes back as one text.",
        OPENAI,
        _metadata_stringified,
    ),
    Sabotage(
        "assistants.instructions_trimmed",
        "Empty lines at the front of instructions are cut off.",
        OPENAI,
        _instructions_trimmed,
    ),
    Sabotage(
        "assistants.run_uses_stale_instructions",
        "Runs follow the instructions that the assistant was made with.",
        OPENAI,
        _stale_instructions,
    ),
    Sabotage("messages.unicode_mangled", "What is not ASCII is escaped twice.", OPENAI, _unicode_mangled),
    Sabotage("messages.list_first_page_only", "Only the first page of messages is read.", OPENAI, _first_page_only),
    Sabotage(
        "runs.instructions_lost", "A run goes out without the assistant's instructions.", OPENAI, _instructions_lost
    ),
    Sabotage("runs.poll_busy_loop", "Between two looks at a run is hardly a pause.", OPENAI, _busy_loop),
    Sabotage("runs.failed_as_completed", "A failed run is told as completed.", OPENAI, _failed_as_completed),
    Sabotage("runs.steps_dropped", "The steps of a run are lost.", OPENAI, _steps_dropped),
    Sabotage("runs.annotations_dropped", "What an answer cites is lost.", WITH_SEARCH, _annotations_dropped),
    Sabotage(
        "runs.retry_duplicates_run",
        "After a cut connection a run is asked for again without looking for the first.",
        OPENAI,
        _retry_duplicates_run,
    ),
    Sabotage(
        "runs.retry_duplicates_message",
        "The question is asked again before a second run.",
        OPENAI,
        _retry_duplicates_message,
    ),
    Sabotage("runs.poll_429_fails_run", "A busy provider is taken for a failed run.", OPENAI, _poll_429_fails_run),
    Sabotage(
        "retry.ignores_retry_after", "The wait is shorter than the provider asked for.", ALL, _ignores_retry_after
    ),
    Sabotage(
        "runs.rate_limit_swallowed",
        "A run that met the rate limit is told as if it had an answer.",
        OPENAI,
        _rate_limit_swallowed,
    ),
    Sabotage("tools.args_not_json", "A function's arguments are passed on as one text.", ALL, _args_not_json),
    Sabotage("tools.wrong_call_id", "A function's output is sent for another call.", ALL, _wrong_call_id),
    Sabotage("workflow.leaks_resources", "Clean-up passes over threads and stores.", OPENAI, _leaks_resources),
)
