"""What the responses of a run say: its state, what it waits for, what it did, what it cost (provider-facts 4.5, 11)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from pydantic_core import from_json

from support.errors import BadResponse
from support.gateway.markers import unmark
from support.gateway.openai.responses.items import Item, is_call
from support.gateway.openai.responses.kept import KeptRun
from support.values import (
    ENDED,
    FoundPassage,
    Provider,
    Run,
    RunFailure,
    RunStatus,
    RunStep,
    ToolCall,
    Usage,
)

Answer = Mapping[str, Any]
"""A response as JSON."""
StepStatus = Literal["in_progress", "completed", "cancelled", "failed", "expired"]

_REASONS = {"max_output_tokens": "max_completion_tokens"}
"""Why an answer is incomplete, in the words of the older API."""


def run_of(kept: KeptRun, answer: Answer, status: RunStatus) -> Run:
    """The run as the gateway's value; `answer` is its last response."""
    ended = status in ENDED
    return Run(
        provider=Provider.OPENAI,
        id=kept.id,
        thread_id=kept.thread_id,
        assistant_id=kept.assistant_id,
        status=status,
        model=kept.order.model,
        instructions=answer.get("instructions"),
        calls=calls_of(answer["output"]) if status == "requires_action" else (),
        failure=failure_of(answer) if status == "failed" else None,
        incomplete_reason=incomplete_reason(answer) if status == "incomplete" else None,
        usage=whole_usage(kept) if ended else None,
        created_at=kept.created_at,
        completed_at=completed_at(answer) if status == "completed" else None,
        expires_at=None if ended else kept.expires_at,
        raw=answer,
    )


def status_of(answer: Answer) -> RunStatus:
    """A response's own state; one that called functions has completed, and its run waits."""
    status = state_told(answer)
    return "requires_action" if status == "completed" and any(map(is_call, answer["output"])) else status


def state_told(answer: Answer) -> RunStatus:
    """The state in the provider's word, which is one of the gateway's too."""
    return cast(RunStatus, answer["status"])


def calls_of(output: Sequence[Item]) -> tuple[ToolCall, ...]:
    """The functions that are to be run."""
    return tuple(
        ToolCall(id=item["call_id"], name=item["name"], arguments=parsed_arguments(item["arguments"], item["name"]))
        for item in output
        if is_call(item)
    )


def parsed_arguments(text: str, name: str) -> Mapping[str, Any]:
    """What the model wants a function to be given."""
    try:
        arguments = from_json(text)
    except ValueError as error:
        raise BadResponse(f"the arguments of {name} are no JSON: {text!r}", provider=Provider.OPENAI) from error
    if not isinstance(arguments, dict):
        raise BadResponse(f"the arguments of {name} are no JSON object: {text!r}", provider=Provider.OPENAI)
    return arguments


def failure_of(answer: Answer) -> RunFailure | None:
    """Why it failed, in the provider's words."""
    error = answer.get("error")
    return None if error is None else RunFailure(code=error["code"], message=error["message"])


def incomplete_reason(answer: Answer) -> str | None:
    """Why there is not more of it."""
    reason = (answer.get("incomplete_details") or {}).get("reason")
    return None if reason is None else _REASONS.get(reason, reason)


def completed_at(answer: Answer) -> datetime | None:
    told = answer.get("completed_at")
    return None if told is None else moment(told)


def whole_usage(kept: KeptRun) -> Usage | None:
    """What all responses of a run took; None where one of them did not tell it."""
    told = [response.usage for response in kept.responses if response.usage is not None]
    if len(told) < len(kept.responses):
        return None
    return Usage(**{kind: sum(getattr(usage, kind) for usage in told) for kind in Usage.model_fields})


def usage_of(answer: Answer) -> Usage | None:
    """The tokens of one response without overlap: `input_tokens` counts what was read from the cache and written to it.

    A cache write has one price here whatever its lifetime, so it stands with the short-lived ones (provider-facts 3.2).
    """
    figures = answer.get("usage")
    if figures is None:
        return None
    details = figures.get("input_tokens_details") or {}
    read = details.get("cached_tokens") or 0
    written = details.get("cache_write_tokens") or 0
    return Usage(
        uncached_input_tokens=figures["input_tokens"] - read - written,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        output_tokens=figures["output_tokens"],
    )


def fees_of(output: Sequence[Item], new_containers: int) -> Decimal | None:
    """Dollars for what is not a token: each search, and each container that was made; None where a price is not known."""
    from support.ledger import own_price  # brings SQLAlchemy

    searches = sum(item["type"] == "file_search_call" for item in output)
    fees = Decimal(0)
    for item, count, unit in (("file_search_call", searches, 1000), ("code_interpreter_session", new_containers, 1)):
        if count:
            known = own_price(Provider.OPENAI, item)
            if known is None:
                return None
            fees += known.dollars * count / unit
    return fees


def containers_in(output: Sequence[Item]) -> list[str]:
    """Where programs were run, each container once."""
    return list(dict.fromkeys(item["container_id"] for item in output if item["type"] == "code_interpreter_call"))


# Steps ----------------------------------------------------------------------------------------------------------------


def steps_of(run_id: str, output: Sequence[Item], outputs: Mapping[str, str], ended: RunStatus | None) -> list[RunStep]:
    """What one response did, in order; `outputs` of functions by call, `ended` the run's own end. Thinking is no step."""
    return [step for item in output if (step := step_of(run_id, item, outputs, ended)) is not None]


def step_of(run_id: str, item: Item, outputs: Mapping[str, str], ended: RunStatus | None) -> RunStep | None:
    """One item as a step; None for what is none."""
    step = RunStep(
        provider=Provider.OPENAI, id=item["id"], run_id=run_id, kind="message", status=step_status(item), raw=item
    )
    match item["type"]:
        case "message":
            return step.model_copy(update={"message_id": item["id"]})
        case "code_interpreter_call":
            return step.model_copy(update={"kind": "code", "code": item["code"], "logs": logs_of(item)})
        case "file_search_call":
            return step.model_copy(update={"kind": "search", "found": passages_of(item)})
        case "function_call":
            (call,) = calls_of([item])
            given = outputs.get(call.id)
            status = step.status if given is not None else waiting_status(ended)
            return step.model_copy(update={"kind": "function", "status": status, "call": call, "output": given})
    return None


def step_status(item: Item) -> StepStatus:
    """How far an item is; one that was cut short has failed."""
    status = item.get("status") or "completed"
    if status in ("completed", "failed"):
        return cast(StepStatus, status)
    return "failed" if status == "incomplete" else "in_progress"


def waiting_status(ended: RunStatus | None) -> StepStatus:
    """How far a call is that got no output: as its run."""
    if ended in ("cancelled", "expired"):
        return ended
    return "in_progress" if ended is None else "failed"


def logs_of(item: Item) -> str | None:
    """What a program printed."""
    outputs = item.get("outputs")
    return None if outputs is None else "".join(one["logs"] for one in outputs if one["type"] == "logs")


def passages_of(item: Item) -> tuple[FoundPassage, ...]:
    """What a search found."""
    return tuple(
        FoundPassage(file_id=one["file_id"], name=unmark(one["filename"])[1], score=one["score"], text=one.get("text"))
        for one in item.get("results") or ()
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
