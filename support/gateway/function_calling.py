"""What functions that a model may call mean on every provider: what is refused before anything is sent, and what was called.

Also the schema that an answer has to fit, which the providers hold as they hold arguments.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic_core import from_json

from support.errors import BadResponse
from support.gateway.assistant_checks import check_choice, check_function
from support.gateway.refusing import refused
from support.values import FunctionTool, Message, Provider, ToolCall, ToolChoice

P = TypeVar("P")

_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")
_SHOWN = 200
"""Characters of broken arguments that an error shows."""


def check_functions(provider: Provider, tools: Sequence[FunctionTool], choice: ToolChoice) -> None:
    """That the functions are ones, and that the one which has to be called is among them."""
    for tool in tools:
        check_function(provider, tool)
    check_choice(provider, choice, tools)


def check_outputs(provider: Provider, messages: Sequence[Message]) -> None:
    """That each call of a turn is answered in the next turn, once, and nothing else is."""
    asked: tuple[ToolCall, ...] = ()
    for message in messages:
        waiting = [call.id for call in asked]
        for output in message.outputs:
            if output.call_id not in waiting:
                raise refused(
                    provider, "outputs", f"{output.call_id} is no call of the turn before, or is answered twice"
                )
            waiting.remove(output.call_id)
        _check_none_waits(provider, waiting)
        asked = message.calls
    _check_none_waits(provider, [call.id for call in asked])


def _check_none_waits(provider: Provider, waiting: Sequence[str]) -> None:
    if waiting:
        raise refused(provider, "outputs", f"there is none for {', '.join(waiting)}, which the turn before has called")


def check_schema(provider: Provider, schema: Mapping[str, Any] | None) -> None:
    """That an answer which has to fit a schema is an object."""
    if schema is not None and schema.get("type") != "object":
        raise refused(provider, "schema", f"must have the type object, not {schema.get('type')!r}")


def closed(schema: Any) -> Any:
    """The schema with objects that have no other properties than those they name, where it does not say.

    What fits it fits the schema as it was. OpenAI's strict mode and Anthropic take no others (recordings: 400).
    """
    if not isinstance(schema, Mapping):
        return schema
    made = dict(schema)
    for key in _NAMED:
        if isinstance(made.get(key), Mapping):
            made[key] = {name: closed(inner) for name, inner in made[key].items()}
    for key in _LISTED:
        if isinstance(made.get(key), Sequence):
            made[key] = [closed(inner) for inner in made[key]]
    if "items" in made:
        made["items"] = closed(made["items"])
    kinds = made.get("type")
    if "properties" in made or "object" in ([kinds] if isinstance(kinds, str) else kinds or ()):
        made.setdefault("additionalProperties", False)
    return made


def parsed(provider: Provider, name: str, call_id: str, text: str) -> dict[str, Any]:
    """Arguments that came as text; raises BadResponse where they are no JSON object."""
    try:
        arguments = from_json(text)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        shown = f"{text[:_SHOWN]!r}{'…' if len(text) > _SHOWN else ''}"
        raise BadResponse(f"the arguments of {name} ({call_id}) are no JSON object: {shown}", provider=provider)
    return arguments


def calls_made(parts: Iterable[P], call_of: Callable[[P], ToolCall], *, cut: bool) -> tuple[ToolCall, ...]:
    """The calls of an answer; where the output limit `cut` it off, one with half its arguments is none."""
    calls = []
    for part in parts:
        try:
            calls.append(call_of(part))
        except BadResponse:
            if not cut:
                raise
    return tuple(calls)
