"""Assistants, threads, messages, runs and steps as the wire shows them: every key, in the recorded order.

What only a stream tells is marked `streamed`. A thread that has no resources shows an interpreter without files when it is read and
in streams, a run in streams alone, and nothing otherwise (recordings: threads, runs).
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai.assistants_v2.kept import Assistant, Message, Resources, Run, Step, Thread, Wire

_HIDDEN = ("content",)


def assistant(one: Assistant) -> Wire:
    settings = one.settings
    named = set(one.resources.named)
    if any(tool["type"] == "code_interpreter" for tool in settings.tools):
        named.add("code_interpreter")
    return {
        "id": one.id,
        "object": "assistant",
        "created_at": one.created_at,
        "name": one.name,
        "description": one.description,
        "model": settings.model,
        "instructions": settings.instructions,
        "tools": settings.tools,
        "top_p": settings.top_p,
        "temperature": settings.temperature,
        "reasoning_effort": settings.reasoning_effort,
        "tool_resources": _resources(one.resources, named),
        "metadata": one.metadata,
        "response_format": settings.response_format,
    }


def thread(one: Thread, *, read: bool = False) -> Wire:
    """`read`: it is being read, or told in a stream."""
    named = one.resources.named | ({"code_interpreter"} if read else set())
    return {
        "id": one.id,
        "object": "thread",
        "created_at": one.created_at,
        "metadata": one.metadata,
        "tool_resources": _resources(one.resources, named),
    }


def _resources(one: Resources, named: set[str]) -> Wire:
    told: Wire = {}
    if "code_interpreter" in named:
        told["code_interpreter"] = {"file_ids": one.code_files}
    if "file_search" in named:
        told["file_search"] = {"vector_store_ids": one.store_ids}
    return told


def deleted(thing_id: str, kind: str) -> Wire:
    return {"id": thing_id, "object": f"{kind}.deleted", "deleted": True}


def message(one: Message, *, streamed: bool = False, begun: bool = False) -> Wire:
    """`begun`: it has only just begun, and says nothing yet."""
    attachments = [] if begun else one.attachments
    return {
        **_message(one, streamed=streamed, begun=begun),
        "attachments": attachments,
        "metadata": one.metadata,
    }


def modified_message(one: Message) -> Wire:
    """The answer to a change still has the files of the API's first version, and no attachments (recorded)."""
    file_ids = [attachment["file_id"] for attachment in one.attachments]
    return {**_message(one), "file_ids": file_ids, "metadata": one.metadata}


def _message(one: Message, *, streamed: bool = False, begun: bool = False) -> Wire:
    """All but what came with it."""
    told: Wire = {
        "id": one.id,
        "object": "thread.message",
        "created_at": int(one.created_at),
        "assistant_id": one.assistant_id,
        "thread_id": one.thread_id,
        "run_id": one.run_id,
    }
    if streamed:
        reason = None if begun else one.incomplete_reason
        told |= {
            "status": "in_progress" if begun else "incomplete" if reason else "completed",
            "incomplete_details": {"reason": reason} if reason else None,
            "incomplete_at": None if begun else _whole(one.incomplete_at),
            "completed_at": None if begun else _whole(one.completed_at),
        }
    return {**told, "role": one.role, "content": [] if begun else one.content}


def run(one: Run, *, streamed: Resources | None = None) -> Wire:
    """`streamed`: the resources of its thread, where it is told in a stream."""
    settings = one.settings
    ended = {
        status: _whole(one.ended_at) if one.status == status else None
        for status in ("cancelled", "failed", "completed")
    }
    return {
        "id": one.id,
        "object": "thread.run",
        "created_at": int(one.created_at),
        "assistant_id": one.assistant_id,
        "thread_id": one.thread_id,
        "status": one.status,
        "started_at": _whole(one.started_at),
        "expires_at": None if one.ended else int(one.expires_at),
        "cancelled_at": ended["cancelled"],
        "failed_at": ended["failed"],
        "completed_at": ended["completed"],
        "required_action": _required(one),
        "last_error": one.last_error if one.ended else None,
        "model": settings.model,
        "instructions": settings.instructions,
        "tools": settings.tools,
        "tool_resources": {} if streamed is None else {"code_interpreter": {"file_ids": streamed.code_files}},
        "metadata": one.metadata,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "reasoning_effort": settings.reasoning_effort,
        "max_completion_tokens": one.max_completion_tokens,
        "max_prompt_tokens": one.max_prompt_tokens,
        "truncation_strategy": {
            "type": "auto" if one.last_messages is None else "last_messages",
            "last_messages": one.last_messages,
        },
        "incomplete_details": {"reason": one.incomplete_reason} if one.incomplete_reason else None,
        "usage": _total(one) if one.ended else None,
        "response_format": settings.response_format,
        "tool_choice": one.tool_choice,
        "parallel_tool_calls": one.parallel_tool_calls,
    }


def _required(one: Run) -> Wire | None:
    pending = one.pending()
    if not pending:
        return None
    calls = [
        {
            "id": call["id"],
            "type": "function",
            "function": {name: call["function"][name] for name in ("name", "arguments")},
        }
        for call in pending
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}


def step(of: Run, one: Step, *, contents: bool = False) -> Wire:
    """`contents`: with the passages that a search found."""
    if one.message is not None:
        details: Wire = {"type": "message_creation", "message_creation": {"message_id": one.message.id}}
    else:
        at_work = one.status == "in_progress" and of.status == "in_progress"
        calls = [] if at_work else [call_of(call, contents=contents) for call in one.calls]
        details = {"type": "tool_calls", "tool_calls": calls}
    ended = {
        status: _whole(one.ended_at) if one.status == status else None
        for status in ("cancelled", "completed", "failed")
    }
    return {
        "id": one.id,
        "object": "thread.run.step",
        "created_at": int(one.created_at),
        "run_id": of.id,
        "assistant_id": of.assistant_id,
        "thread_id": of.thread_id,
        "type": details["type"],
        "status": one.status,
        "cancelled_at": ended["cancelled"],
        "completed_at": ended["completed"],
        "expires_at": None if of.ended else int(of.expires_at),
        "failed_at": ended["failed"],
        "last_error": one.last_error,
        "step_details": details,
        "usage": _usage([one]) if one.status == "completed" else None,
    }


def call_of(call: Wire, *, contents: bool) -> Wire:
    """A call of a tool, with what came of it."""
    kind = call["type"]
    described = dict(call[kind])
    described.pop("error", None)
    if kind == "file_search" and not contents:
        described["results"] = [
            {name: value for name, value in result.items() if name not in _HIDDEN} for result in described["results"]
        ]
    return {"id": call["id"], "type": kind, kind: described}


def _total(one: Run) -> Wire:
    return _usage([step for step in one.steps.values() if step.status == "completed"])


def _usage(steps: list[Step]) -> Wire:
    """What was charged, in the spelling of this API."""
    went_in, came_out = (sum(getattr(step, f"{side}_tokens") for step in steps) for side in ("prompt", "completion"))
    return {
        "prompt_tokens": went_in,
        "completion_tokens": came_out,
        "total_tokens": went_in + came_out,
        "prompt_token_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": sum(step.reasoning_tokens for step in steps)},
    }


def _whole(seconds: float | None) -> Any:
    return None if seconds is None else int(seconds)
