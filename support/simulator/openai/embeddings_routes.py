"""The route of OpenAI's embeddings (provider-facts 6.1; recordings: embeddings).

Tokens that are sent as numbers are taken as words of a language of their own: the same numbers give the same vector, no text
gives that of its tokens. Unverified, for want of a recording: all refusals but those of an unknown model, a wrong key and
dimensions below 1.
"""

from __future__ import annotations

from typing import Any

from support.simulator import tokenizer
from support.simulator.openai import checks, embeddings, models
from support.simulator.openai.checks import Rule
from support.simulator.openai.embeddings import EmbeddingModel
from support.simulator.openai.errors import envelope, refusal, unknown_model
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Refusal, Route

RULES: dict[str, Rule] = {
    "input": Rule("any"),
    "model": Rule("string"),
    "encoding_format": Rule("any"),
    "dimensions": Rule("integer"),
    "user": Rule("string"),
}
FORMATS = ("float", "base64")


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    model = _model(body.get("model"))
    if (form := body.get("encoding_format") or "float") not in FORMATS:
        raise refusal(400, f"'{form}' is not one of [{', '.join(map(repr, FORMATS))}] - 'encoding_format'")
    dimensions = _dimensions(body.get("dimensions"), model)
    texts, tokens = _inputs(body.get("input"))
    written = embeddings.as_base64 if form == "base64" else embeddings.as_floats
    shown = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": written(model, text, dimensions)}
            for index, text in enumerate(texts)
        ],
        "model": (models.catalogue()[model.id]).snapshot,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return Answer(200, shown)


def _model(name: str | None) -> EmbeddingModel:
    if not name:
        raise refusal(400, "you must provide a model parameter")
    model = embeddings.MODELS.get(name)
    if model is not None:
        return model
    if models.find(name) is None:
        raise unknown_model(name)
    raise refusal(403, "You are not allowed to generate embeddings from this model")


def _dimensions(wanted: int | None, model: EmbeddingModel) -> int:
    if wanted is None:
        return model.dimensions
    if wanted < 1:
        raise refusal(400, f"{wanted} is less than the minimum of 1 - 'dimensions'")
    if not model.shortens:
        raise refusal(400, "This model does not support specifying dimensions.")
    if wanted > model.dimensions:
        message = f"Invalid value for 'dimensions' = {wanted}. Must be less than or equal to {model.dimensions}."
        raise refusal(400, message)
    return wanted


def _inputs(given: Any) -> tuple[list[str], int]:
    """The texts to embed, and how many tokens they are together."""
    if given is None:
        raise checks.missing("input")
    if isinstance(given, str) or _is_tokens(given):
        given = [given]
    if not isinstance(given, list) or not given:
        raise _invalid()
    if len(given) > embeddings.MAX_INPUTS:
        raise checks.too_long_array("input", len(given), embeddings.MAX_INPUTS)
    texts: list[str] = []
    together = 0
    for one in given:
        if isinstance(one, str):
            if not one:
                raise refusal(400, "Invalid 'input': input cannot be an empty string.", param="input")
            text, tokens = one, tokenizer.count(one)
        elif _is_tokens(one):
            text, tokens = " ".join(f"token{number}" for number in one), len(one)
        else:
            raise _invalid()
        if tokens > embeddings.MAX_TOKENS:
            raise refusal(
                400,
                f"This model's maximum context length is {embeddings.MAX_TOKENS} tokens, however you requested {tokens} "
                f"tokens ({tokens} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.",
            )
        texts.append(text)
        together += tokens
    if together > embeddings.MAX_TOKENS_TOGETHER:
        kind = "max_tokens_per_request"
        message = f"Requested {together} tokens, max {embeddings.MAX_TOKENS_TOGETHER} tokens per request"
        raise Refusal(Answer(400, envelope(message, kind=kind, code=kind)))
    return texts, together


def _is_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int and item >= 0 for item in value)


def _invalid() -> Refusal:
    return refusal(
        400,
        "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
    )


ROUTES = (Route("POST", "/v1/embeddings", "embeddings.create", create, "json"),)
