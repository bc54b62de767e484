"""Answers of the Assistants API as the gateway's values (provider-facts 4.2; recordings: assistants, threads, messages, runs)."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from support.errors import BadResponse
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.markers import unmark
from support.gateway.openai import chat
from support.gateway.openai.assistants_v2.tools import CODE, FUNCTION, SEARCH, tools_of
from support.values import (
    Assistant,
    Citation,
    FoundPassage,
    Provider,
    Run,
    RunFailure,
    RunStep,
    Thread,
    ThreadMessage,
    ToolCall,
    Usage,
)

POLL_AFTER = "openai-poll-after-ms"
"""The header that says when to look again (provider-facts 4.3)."""


def assistant_of(answer: Mapping[str, Any]) -> Assistant:
    metadata, marked = metadata_of(answer)
    return Assistant(
        provider=Provider.OPENAI,
        id=answer["id"],
        model=answer["model"],
        name=answer.get("name"),
        description=answer.get("description"),
        instructions=answer.get("instructions"),
        tools=tools_of(answer),
        metadata=metadata,
        marked=marked,
        temperature=answer.get("temperature"),
        created_at=moment(answer["created_at"]),
        raw=answer,
    )


def thread_of(answer: Mapping[str, Any]) -> Thread:
    return Thread(
        provider=Provider.OPENAI,
        id=answer["id"],
        metadata=metadata_of(answer)[0],
        created_at=moment(answer["created_at"]),
        raw=answer,
    )


def metadata_of(answer: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """The metadata without the run's marker, and the marker."""
    metadata = dict(answer.get("metadata") or {})
    marked = metadata.pop(MARKER_KEY, "")
    return metadata, marked


def cursor_after(answer: Mapping[str, Any]) -> str | None:
    """The id after which the next page begins; None on the last page (provider-facts 4.1)."""
    return answer["last_id"] if answer["has_more"] else None


# Messages -------------------------------------------------------------------------------------------------------------


def message_of(answer: Mapping[str, Any]) -> ThreadMessage:
    return ThreadMessage(
        provider=Provider.OPENAI,
        id=answer["id"],
        thread_id=answer["thread_id"],
        role=answer["role"],
        text=text_of(answer["content"]),
        citations=citations_of(answer),
        run_id=answer.get("run_id"),
        metadata=answer.get("metadata") or {},
        created_at=moment(answer["created_at"]),
        raw=answer,
    )


def text_of(content: list[Mapping[str, Any]]) -> str:
    """What the parts of a message say; pictures say nothing."""
    said = {"text": lambda part: part["text"]["value"], "refusal": lambda part: part["refusal"]}
    return "".join(said[part["type"]](part) for part in content if part["type"] in said)


def citations_of(answer: Mapping[str, Any]) -> tuple[Citation, ...]:
    """The places of a message that were taken from stored files; the API tells of each file its id alone."""
    return tuple(
        Citation(file_id=one["file_citation"]["file_id"], name=None, marked_text=one["text"])
        for one in annotations_of(answer)
        if one["type"] == "file_citation"
    )


def annotations_of(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Everything that is noted beside the text of a message."""
    for part in answer["content"]:
        if part["type"] == "text":
            yield from part["text"].get("annotations") or ()


def written_files(answer: Mapping[str, Any]) -> list[str]:
    """Ids of files that a run's programs made, as its message names them: linked, or shown as pictures."""
    if answer.get("run_id") is None:
        return []
    linked = [one["file_path"]["file_id"] for one in annotations_of(answer) if one["type"] == "file_path"]
    return linked + [part["image_file"]["file_id"] for part in answer["content"] if part["type"] == "image_file"]


# Runs -----------------------------------------------------------------------------------------------------------------


def run_of(answer: Mapping[str, Any], poll_after: timedelta | None = None) -> Run:
    failure = answer.get("last_error")
    incomplete = answer.get("incomplete_details")
    return Run(
        provider=Provider.OPENAI,
        id=answer["id"],
        thread_id=answer["thread_id"],
        assistant_id=answer["assistant_id"],
        status=answer["status"],
        model=answer["model"],
        instructions=answer.get("instructions"),
        calls=calls_of(answer),
        failure=None if failure is None else RunFailure(code=failure["code"], message=failure["message"]),
        incomplete_reason=None if incomplete is None else incomplete.get("reason"),
        usage=usage_of(answer),
        created_at=moment(answer["created_at"]),
        completed_at=moment_or_none(answer.get("completed_at")),
        expires_at=moment_or_none(answer.get("expires_at")),
        poll_after=poll_after,
        raw=answer,
    )


def calls_of(answer: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The calls whose outputs a run waits for."""
    action = answer.get("required_action")
    return () if action is None else tuple(call_of(call) for call in action["submit_tool_outputs"]["tool_calls"])


def call_of(call: Mapping[str, Any]) -> ToolCall:
    return ToolCall(id=call["id"], name=call[FUNCTION]["name"], arguments=arguments_of(call))


def arguments_of(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments that the model wrote, which are JSON in a string. Raises BadResponse for anything but an object."""
    written = call[FUNCTION]["arguments"]
    try:
        arguments = json.loads(written)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise BadResponse(
            f"the arguments of the call {call['id']} of {call[FUNCTION]['name']} are no JSON object: {written[:200]!r}",
            provider=Provider.OPENAI,
        )
    return arguments


def usage_of(answer: Mapping[str, Any]) -> Usage | None:
    """The tokens of a run without overlap; None until it has ended. The details' name differs from that in chats (provider-facts 4.2)."""
    figures = answer.get("usage")
    if figures is None:
        return None
    details = figures.get("prompt_token_details") or figures.get("prompt_tokens_details")
    return chat.usage_of({**figures, "prompt_tokens_details": details})


def poll_after_of(headers: Mapping[str, str]) -> timedelta | None:
    """When the provider suggests to look again; None where it suggests nothing that can be read."""
    told = headers.get(POLL_AFTER, "")
    return timedelta(milliseconds=int(told)) if told.isascii() and told.isdecimal() else None


# Steps ----------------------------------------------------------------------------------------------------------------


def steps_of(step: Mapping[str, Any]) -> tuple[RunStep, ...]:
    """What a step of the wire did: a message, or each of its calls, under the call's own id; nothing while they are at work."""
    details = step["step_details"]
    if details["type"] == "message_creation":
        message_id = details["message_creation"]["message_id"]
        return (RunStep(**common(step), id=step["id"], kind="message", message_id=message_id),)
    return tuple(step_of(step, call) for call in details["tool_calls"])


def step_of(step: Mapping[str, Any], call: Mapping[str, Any]) -> RunStep:
    """One call of a tool, with what came of it."""
    described = call[call["type"]]
    if call["type"] == CODE:
        return RunStep(**common(step), id=call["id"], kind="code", code=described.get("input"), logs=logs_of(described))
    if call["type"] == SEARCH:
        return RunStep(**common(step), id=call["id"], kind="search", found=found_of(described))
    asked = call_of(call)
    return RunStep(**common(step), id=call["id"], kind="function", call=asked, output=described.get("output"))


def common(step: Mapping[str, Any]) -> dict[str, Any]:
    """What all that one step did shares."""
    return {"provider": Provider.OPENAI, "run_id": step["run_id"], "status": step["status"], "raw": step}


def logs_of(described: Mapping[str, Any]) -> str | None:
    """What a program printed; None where it printed nothing."""
    printed = [output["logs"] for output in described.get("outputs") or () if output["type"] == "logs"]
    return "".join(printed) if printed else None


def found_of(described: Mapping[str, Any]) -> tuple[FoundPassage, ...]:
    """What a search found, best first as the API lists it."""
    return tuple(passage_of(result) for result in described.get("results") or ())


def passage_of(result: Mapping[str, Any]) -> FoundPassage:
    content = result.get("content")
    return FoundPassage(
        file_id=result["file_id"],
        name=unmark(result["file_name"])[1],
        score=result["score"],
        text=None if content is None else "".join(part.get("text") or "" for part in content),
    )


# Times ----------------------------------------------------------------------------------------------------------------


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
