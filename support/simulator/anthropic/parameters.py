"""The parameters of a question beside the conversation itself: which exist, and what they may be (provider-facts 9.2).

Recorded: `max_tokens` of a known model, the refusals of an effort, of a schema and of `output_format`, and every parameter of the
older version that is taken here. Unverified: the other words, which follow those of the recorded refusals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from support.simulator.anthropic.catalogue import ALL_EFFORTS, Model
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.models import served
from support.simulator.anthropic.schemas import check_closed, is_schema
from support.simulator.wire import Json

_COUNTED = frozenset(
    {
        "messages", "model", "cache_control", "context_management", "mcp_servers", "output_config", "output_format",
        "speed", "system", "thinking", "tool_choice", "tools",
    }
)  # fmt: skip
_ASKED = _COUNTED | {
    "max_tokens", "container", "diagnostics", "inference_geo", "metadata", "service_tier", "stop_sequences", "stream",
}  # fmt: skip
SAMPLING = ("temperature", "top_p", "top_k")

LARGEST_TEMPERATURE = 1.0
SHORTEST_THINKING = 1024


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a question asks of the model. `schema`: the answer is JSON that fits it."""

    model: Model
    max_tokens: int
    stop: list[str]
    stream: bool
    schema: dict[str, Any] | None
    shows_thinking: bool
    thinking: Mapping[str, Json]
    usage: dict[str, Json]
    """What the usage figures repeat of the request."""


def of_question(body: dict[str, Json], current: bool) -> Parameters:
    """The parameters of `/v1/messages`."""
    _refuse_unknown(body, _ASKED, () if current else SAMPLING)
    _require(body, "model", "max_tokens", "messages")
    max_tokens = _integer(body, "max_tokens", 0)
    model = _model(body)
    for name in SAMPLING[:2]:
        _number(body, name)
    if body.get("top_k") is not None:
        _integer(body, "top_k", 0)
    if max_tokens > model.generation.output:
        raise invalid(
            f"max_tokens: {max_tokens} > {model.generation.output}, which is the maximum allowed number of output "
            f"tokens for {model.id}"
        )
    _object(body, "metadata")
    thinking = _thinking(body, model, max_tokens)
    schema = _schema(body, model)
    return Parameters(
        model,
        max_tokens,
        _stop(body),
        _flag(body, "stream"),
        schema,
        _shows_thinking(thinking, schema),
        thinking,
        {name: body[name] for name in ("inference_geo", "speed") if isinstance(body.get(name), str)},
    )


def of_count(body: dict[str, Json]) -> Model:
    """The parameters of `/v1/messages/count_tokens`; answers the model."""
    _refuse_unknown(body, _COUNTED, ())
    _require(body, "model", "messages")
    model = _model(body)
    _thinking(body, model, None)
    _schema(body, model)
    return model


def _refuse_unknown(body: dict[str, Json], known: Collection[str], more: Collection[str]) -> None:
    for name in body:
        if name not in known and name not in more:
            raise invalid(f"{name}: Extra inputs are not permitted")


def _require(body: dict[str, Json], *names: str) -> None:
    for name in names:
        if name not in body:
            raise invalid(f"{name}: Field required")


def _model(body: dict[str, Json]) -> Model:
    name = body["model"]
    if not isinstance(name, str):
        raise invalid("model: Input should be a valid string")
    if not name:
        raise invalid("model: String should have at least 1 character")
    return served(name)


def _integer(body: dict[str, Json], name: str, least: int) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name}: Input should be a valid integer")
    if value < least:
        raise invalid(f"{name}: Input should be greater than or equal to {least}")
    return value


def _number(body: dict[str, Json], name: str) -> None:
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name}: Input should be a valid number")
    if not 0 <= value <= LARGEST_TEMPERATURE:
        raise invalid(f"{name}: range: 0..1")


def _flag(body: dict[str, Json], name: str) -> bool:
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{name}: Input should be a valid boolean")
    return value


def _stop(body: dict[str, Json]) -> list[str]:
    sequences = body.get("stop_sequences")
    if sequences is None:
        return []
    if not isinstance(sequences, list):
        raise invalid("stop_sequences: Input should be a valid array")
    for position, sequence in enumerate(sequences):
        if not isinstance(sequence, str):
            raise invalid(f"stop_sequences.{position}: Input should be a valid string")
        if not sequence.strip():
            raise invalid("stop_sequences: each stop sequence must contain non-whitespace")
    return sequences


def _object(body: dict[str, Json], name: str) -> dict[str, Json]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{name}: Input should be an object")
    return value


def _thinking(body: dict[str, Json], model: Model, max_tokens: int | None) -> dict[str, Json]:
    thinking = _object(body, "thinking")
    if body.get("thinking") is None:
        return thinking
    kind = thinking.get("type")
    if kind is None:
        raise invalid("thinking: Unable to extract tag using discriminator 'type'")
    if kind not in ("enabled", "adaptive", "between_tools", "disabled"):
        raise invalid(
            f"thinking: Input tag {kind!r} found using 'type' does not match any of the expected tags: "
            "'adaptive', 'between_tools', 'disabled', 'enabled'"
        )
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        if isinstance(budget, bool) or not isinstance(budget, int):
            raise invalid("thinking.enabled.budget_tokens: Field required")
        if budget < SHORTEST_THINKING:
            raise invalid(
                f"thinking.enabled.budget_tokens: Input should be greater than or equal to {SHORTEST_THINKING}"
            )
        if max_tokens is not None and budget >= max_tokens:
            raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`")
    if kind != "disabled" and kind not in model.generation.thinking:
        raise invalid(f'"thinking.type.{kind}" is not supported for this model.')
    return thinking


def _shows_thinking(thinking: Mapping[str, Json], schema: dict[str, Any] | None) -> bool:
    """Whether the answer begins with a block of thinking: a model that may decide does so when its summary is asked for."""
    if thinking.get("type") == "enabled":
        return True
    return thinking.get("type") == "adaptive" and thinking.get("display") == "summarized" and schema is None


def _schema(body: dict[str, Json], model: Model) -> dict[str, Any] | None:
    config = _object(body, "output_config")
    effort = config.get("effort")
    if effort is not None:
        _check_effort(effort, model)
    former = _object(body, "output_format")
    if body.get("output_format") is not None:
        return _json_schema(former, "output_format")
    wanted = config.get("format")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise invalid("output_config.format: Input should be an object")
    return _json_schema(wanted, "output_config.format")


def _check_effort(effort: Json, model: Model) -> None:
    if effort not in ALL_EFFORTS:
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    levels = model.generation.efforts
    if not levels:
        raise invalid("This model does not support the effort parameter.")
    if effort not in levels:
        raise invalid(
            f"This model does not support effort level '{effort}'. Supported levels: {', '.join(sorted(levels))}."
        )


def _json_schema(wanted: dict[str, Json], path: str) -> dict[str, Any]:
    if wanted.get("type") != "json_schema":
        raise invalid(f"{path}.type: Input should be 'json_schema'")
    schema = wanted.get("schema")
    if schema is None:
        raise invalid(f"{path}.schema: Field required")
    if not isinstance(schema, dict):
        raise invalid(f"{path}.schema: Input should be an object")
    if not is_schema(schema):
        raise invalid(f"{path}.schema: Invalid schema")
    check_closed(schema, f"{path}.schema")
    return schema
