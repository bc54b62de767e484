"""Bodies that cannot be read, and bodies that can and yet are wrong in one certain way."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tests.simulator.bad_parts import as_json, whole_body

CONTENT_TYPES = ["application/json", "application/json; charset=utf-16", "text/plain", "", "nonsense;;;="]

_WORD = st.text("ghjkpqz", min_size=1, max_size=8)  # no number, truth value, role or type in any reading
_SCALAR: dict[str, st.SearchStrategy[Any]] = {
    "string": _WORD,
    "number": st.one_of(st.integers(2, 10**30), st.integers(-(10**30), -1), st.just(1e308)),
    "boolean": st.booleans(),
    "array": st.recursive(st.just([]), lambda inner: st.lists(inner, min_size=1, max_size=2), max_leaves=4),
    "object": st.dictionaries(_WORD, st.one_of(_WORD, st.none()), max_size=2),
}
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
_WHOLE = as_json(whole_body("OpenAI", "chat.create"))


def is_object(body: bytes) -> bool:
    """Whether a strict reader takes it for a JSON object; nothing but white space counts as an empty one."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    if not body.strip():
        return True
    try:
        return isinstance(json.loads(body.decode("utf-8"), parse_constant=refuse), dict)
    except (ValueError, RecursionError):
        return False


NO_OBJECT = st.one_of(
    _JSON.map(as_json),
    st.integers(1, len(_WHOLE) - 1).map(lambda cut: _WHOLE[:cut]),
    st.binary(min_size=1, max_size=60),
    _JSON.map(lambda value: json.dumps(value).encode("utf-16")),
    st.sampled_from([b"{", b"[", b'{"a":']).map(lambda opened: opened * 3000),
    st.sampled_from(
        [
            b'{"a":"\xff"}',
            b'{"a":"\xed\xa0\x80"}',
            b'{"a":"\x00"}',
            b'{"a":NaN}',
            b'{"a":-Infinity}',
            b'{"a":01}',
            b"{'a':1}",
            b'{"a":1,}',
            b'{"a":1}}',
            b'{"a":1} {"b":2}',
            b"\xef\xbb\xbf{}",
            b"a=1&b=2",
            b"\x1f\x8b\x08\x00",
        ]
    ),
).filter(lambda body: not is_object(body))

Path = tuple[str | int, ...]
_ANY = tuple(_SCALAR)
_ITEMS: dict[Path, tuple[str, ...]] = {
    ("items",): ("string", "number", "boolean", "object"),
    ("items", 0): _ANY,
    ("items", 0, "role"): _ANY,
    ("items", 0, "content"): ("number", "boolean", "object"),
}
_PAIRS: dict[Path, tuple[str, ...]] = {("metadata",): ("string", "number", "boolean", "array")}
# Where a value may be put -> the JSON types that cannot be there.
_NEVER: dict[tuple[str, str], dict[Path, tuple[str, ...]]] = {
    ("OpenAI", "chat.create"): {
        ("model",): ("number", "boolean", "array", "object", "string"),
        ("messages",): ("number", "boolean", "string", "object"),
        ("messages", 0): ("number", "boolean", "string", "array", "object"),
        ("messages", 0, "role"): ("number", "boolean", "array", "object", "string"),
        ("messages", 0, "content"): ("number", "boolean", "object"),
        ("temperature",): ("string", "boolean", "array", "object", "number"),
        ("top_p",): ("string", "boolean", "array", "object", "number"),
        ("n",): ("string", "boolean", "array", "object"),
        ("stream",): ("string", "number", "array", "object"),
        ("stop",): ("number", "boolean", "object"),
        ("max_completion_tokens",): ("string", "boolean", "array", "object"),
        ("tools",): ("string", "number", "boolean", "object"),
        ("tool_choice",): ("string", "number", "boolean", "array"),
        ("response_format",): ("string", "number", "boolean", "array", "object"),
        ("metadata",): ("string", "number", "boolean", "array"),
        ("tools", 0): ("string", "number", "boolean", "array", "object"),
        ("stream_options",): ("string", "number", "boolean", "array"),
        ("reasoning_effort",): ("string", "number", "boolean", "array", "object"),
        ("verbosity",): ("string", "number", "boolean", "array", "object"),
        ("service_tier",): ("string", "number", "boolean", "array", "object"),
        ("logit_bias",): ("string", "number", "boolean", "array"),
        ("seed",): ("string", "boolean", "array", "object"),
        ("messages", 0, "content", 0): ("string", "number", "boolean", "array", "object"),
        ("messages", 0, "content", 0, "type"): ("string", "number", "boolean", "array", "object"),
        ("response_format", "type"): ("string", "number", "boolean", "array", "object"),
    },
    ("OpenAI", "tokens.count"): {
        ("model",): ("number", "boolean", "array", "object", "string"),
        ("input",): ("number", "boolean", "object"),
    },
    ("OpenAI", "responses.create"): {
        ("model",): _ANY,
        ("input",): ("number", "boolean", "object"),
        ("input", 0): _ANY,
        ("input", 0, "role"): _ANY,
        ("input", 0, "type"): _ANY,
        ("input", 0, "content"): ("number", "boolean", "object"),
        ("instructions",): ("number", "boolean", "array", "object"),
        ("previous_response_id",): _ANY,
        ("conversation",): _ANY,
        ("background",): ("string", "number", "array", "object"),
        ("stream",): ("string", "number", "array", "object"),
        ("store",): ("string", "number", "array", "object"),
        ("include",): ("string", "number", "boolean", "object"),
        ("include", 0): _ANY,
        ("max_output_tokens",): ("string", "boolean", "array", "object"),
        ("max_tool_calls",): ("string", "boolean", "array", "object"),
        ("temperature",): _ANY,
        ("tools",): ("string", "number", "boolean", "object"),
        ("tools", 0): _ANY,
        ("tool_choice",): _ANY,
        ("text",): ("string", "number", "boolean", "array"),
        ("text", "format"): _ANY,
        ("text", "format", "type"): _ANY,
        ("text", "verbosity"): _ANY,
        ("reasoning",): ("string", "number", "boolean", "array"),
        ("reasoning", "effort"): _ANY,
        ("truncation",): _ANY,
        ("service_tier",): _ANY,
        **_PAIRS,
    },
    ("OpenAI", "responses.compact"): {
        ("model",): _ANY,
        ("input",): ("number", "boolean", "object"),
        ("input", 0): _ANY,
    },
    ("OpenAI", "conversations.create"): {**_ITEMS, **_PAIRS},
    ("OpenAI", "conversations.update"): _PAIRS,
    ("OpenAI", "conversations.items.create"): _ITEMS,
    ("OpenAI", "containers.create"): {
        ("name",): ("number", "boolean", "array", "object"),
        ("file_ids",): ("string", "number", "boolean", "object"),
        ("file_ids", 0): _ANY,
        ("expires_after",): ("string", "number", "boolean", "array"),
        ("memory_limit",): _ANY,
    },
    ("OpenAI", "fine_tuning.jobs.create"): {
        ("model",): ("number", "boolean", "array", "object", "string"),
        ("training_file",): ("number", "boolean", "array", "object", "string"),
        ("validation_file",): ("number", "boolean", "array", "object", "string"),
        ("suffix",): ("number", "boolean", "array", "object"),
        ("seed",): ("string", "boolean", "array", "object"),
        ("hyperparameters",): ("string", "number", "boolean", "array"),
        ("hyperparameters", "n_epochs"): ("string", "boolean", "array", "object"),
        ("hyperparameters", "learning_rate_multiplier"): ("string", "boolean", "array", "object"),
        ("method",): ("string", "number", "boolean", "array", "object"),
        ("method", "type"): ("string", "number", "boolean", "array", "object"),
        ("integrations",): ("string", "number", "boolean", "object"),
        ("integrations", 0): ("string", "number", "boolean", "array", "object"),
        ("metadata",): ("string", "number", "boolean", "array"),
    },
    ("OpenAI", "fine_tuning.permissions.create"): {
        ("project_ids",): ("string", "number", "boolean", "array", "object"),
    },
    ("Anthropic", "chat.create"): {
        ("model",): ("number", "boolean", "array", "object", "string"),
        ("max_tokens",): ("string", "array", "object"),
        ("messages",): ("number", "boolean", "string", "object"),
        ("messages", 0): ("number", "boolean", "string", "array", "object"),
        ("messages", 0, "role"): ("number", "boolean", "array", "object", "string"),
        ("messages", 0, "content"): ("number", "boolean", "object"),
        ("temperature",): ("string", "array", "object", "number"),
        ("stream",): ("string", "number", "array", "object"),
        ("stop_sequences",): ("string", "number", "boolean", "object"),
        ("system",): ("number", "boolean", "object"),
        ("tools",): ("string", "number", "boolean", "object"),
        ("tool_choice",): ("string", "number", "boolean", "array", "object"),
        ("thinking",): ("string", "number", "boolean", "array", "object"),
        ("metadata",): ("string", "number", "boolean", "array"),
        ("tools", 0): ("string", "number", "boolean", "array", "object"),
        ("messages", 0, "content", 0): ("string", "number", "boolean", "array", "object"),
        ("messages", 0, "content", 0, "type"): ("string", "number", "boolean", "array", "object"),
        ("system", 0): ("string", "number", "boolean", "array", "object"),
        ("output_config",): ("string", "number", "boolean", "array"),
        ("output_config", "effort"): ("string", "number", "boolean", "array", "object"),
        ("output_config", "format"): ("string", "number", "boolean", "array", "object"),
        ("thinking", "type"): ("string", "number", "boolean", "array", "object"),
        ("tool_choice", "type"): ("string", "number", "boolean", "array", "object"),
        ("stop_sequences", 0): ("number", "boolean", "array", "object"),
    },
    ("Anthropic", "tokens.count"): {
        ("model",): ("number", "boolean", "array", "object", "string"),
        ("messages",): ("number", "boolean", "string", "object"),
        ("messages", 0): ("number", "boolean", "string", "array", "object"),
        ("system",): ("number", "boolean", "object"),
    },
    ("Gemini", "chat.create"): {
        ("contents",): ("number", "boolean", "string"),
        ("contents", 0): ("number", "boolean", "string"),
        ("contents", 0, "role"): ("number", "boolean", "array", "object", "string"),
        ("contents", 0, "parts"): ("number", "boolean", "string"),
        ("contents", 0, "parts", 0): ("number", "boolean", "string"),
        ("contents", 0, "parts", 0, "text"): ("number", "boolean", "object"),
        ("generationConfig",): ("number", "boolean", "string"),
        ("generationConfig", "temperature"): ("string", "boolean", "object"),
        ("generationConfig", "maxOutputTokens"): ("string", "boolean", "object"),
        ("generationConfig", "stopSequences"): ("number", "boolean", "object"),
        ("systemInstruction",): ("number", "boolean", "string"),
        ("safetySettings",): ("number", "boolean", "string"),
        ("tools",): ("number", "boolean", "string"),
        ("toolConfig",): ("number", "boolean", "string"),
        ("tools", 0): ("number", "boolean", "string"),
        ("safetySettings", 0, "category"): ("string", "boolean", "object"),
        ("generationConfig", "responseMimeType"): ("string", "number", "boolean", "object"),
        ("generationConfig", "thinkingConfig"): ("number", "boolean", "string"),
        ("generationConfig", "responseSchema", "type"): ("string", "boolean", "object"),
    },
    ("OpenAI", "batches.create"): {
        ("input_file_id",): ("number", "boolean", "array", "object"),
        ("endpoint",): ("string", "number", "boolean", "array", "object"),
        ("completion_window",): ("string", "number", "boolean", "array", "object"),
        ("metadata",): ("string", "number", "boolean", "array"),
        ("output_expires_after",): ("string", "number", "boolean", "array", "object"),
        ("output_expires_after", "seconds"): ("string", "number", "boolean", "array", "object"),
    },
    ("Anthropic", "batches.create"): {
        ("requests",): ("string", "number", "boolean", "array", "object"),
        ("requests", 0): ("string", "number", "boolean", "array", "object"),
        ("requests", 0, "custom_id"): ("number", "boolean", "array", "object"),
        ("requests", 0, "params"): ("string", "number", "boolean", "array"),
    },
    ("Gemini", "batches.create"): {
        ("batch",): ("number", "boolean", "string"),
        ("batch", "displayName"): ("number", "boolean", "object"),
        ("batch", "inputConfig"): ("number", "boolean", "string"),
        ("batch", "inputConfig", "fileName"): ("number", "boolean", "object", "string"),
        ("batch", "inputConfig", "requests"): ("number", "boolean", "string"),
        ("batch", "inputConfig", "requests", "requests"): ("number", "boolean", "string"),
        ("batch", "inputConfig", "requests", "requests", 0, "request"): ("number", "boolean", "string"),
        ("batch", "inputConfig", "requests", "requests", 0, "metadata"): ("number", "boolean", "string"),
    },
    ("Gemini", "tokens.count"): {
        ("contents",): ("number", "boolean", "string"),
        ("contents", 0, "parts"): ("number", "boolean", "string"),
        ("generateContentRequest",): ("number", "boolean", "string"),
    },
    ("Gemini", "vector_stores.create"): {
        ("displayName",): ("number", "boolean", "array", "object"),
        ("embeddingModel",): ("number", "boolean", "array", "object", "string"),
    },
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "OpenAI chat.create": ("model", "messages"),
    "OpenAI tokens.count": (),
    "OpenAI responses.create": ("model", "input"),
    "OpenAI responses.compact": ("model", "input"),
    "OpenAI conversations.create": (),
    "OpenAI conversations.update": ("metadata",),
    "OpenAI conversations.items.create": ("items",),
    "OpenAI containers.create": ("name",),
    "OpenAI fine_tuning.jobs.create": ("model", "training_file"),
    "OpenAI fine_tuning.permissions.create": ("project_ids",),
    "Anthropic chat.create": ("model", "messages", "max_tokens"),
    "Anthropic tokens.count": ("model", "messages"),
    "Gemini chat.create": ("contents",),
    "OpenAI batches.create": ("input_file_id", "endpoint", "completion_window"),
    "Anthropic batches.create": ("requests",),
    "Gemini batches.create": ("batch",),
    "Gemini tokens.count": (),
    "Gemini vector_stores.create": (),
}


@st.composite
def spoilt(draw: st.DrawFn, provider: str, operation: str) -> tuple[dict[str, Any], str]:
    """A whole body with one thing wrong, and what that is."""
    body = copy.deepcopy(whole_body(provider, operation))
    needed = _NEEDED[f"{provider} {operation}"]
    match draw(st.integers(0, 3)):
        case 0 if needed:
            name = draw(st.sampled_from(needed))
            del body[name]
            return body, f"no {name}"
        case 1:
            body["zz" + draw(_WORD)] = draw(_JSON)
            return body, "an unknown field"
        case _:
            path = draw(st.sampled_from(list(_NEVER[provider, operation])))
            kind = draw(st.sampled_from(_NEVER[provider, operation][path]))
            _put(body, path, draw(_SCALAR[kind]))
            return body, f"{'.'.join(map(str, path))} with a {kind}"


def _put(body: Any, path: Path, value: Any) -> None:
    """Set a value, making the objects and lists on the way to it."""
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            body[step:] = body[step : step + 1] or [empty]
            body = body[step]
        else:
            if not isinstance(body.get(step), type(empty)):
                body[step] = empty
            body = body[step]
    if isinstance(path[-1], int):
        body[path[-1] :] = [value]
    else:
        body[path[-1]] = value
