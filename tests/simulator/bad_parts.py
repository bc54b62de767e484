"""What bad requests are put together from: the served routes, whole requests, heads, framed bodies, odd headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from support.simulator.app import load_providers
from support.simulator.wire import Route

APIS = load_providers()
ROUTES: dict[str, list[Route]] = {name: list(api.routes) for name, api in APIS.items()}
MODELS = {"OpenAI": "gpt-6-luna", "Anthropic": "claude-haiku-5-5", "Gemini": "gemini-3.5-flash-lite"}
METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "PROPFIND")
TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.~!#$%&'*+^`|", min_size=1, max_size=12)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=24)
# What may stand in any request and changes nothing about what is wrong with it.
ODD_HEADERS = st.one_of(
    st.just(()),
    st.lists(st.tuples(TOKEN.map("x-{}".format), VALUE), min_size=1, max_size=3).map(tuple),
    st.sampled_from(
        [
            (("content-encoding", "gzip"),),
            (("expect", "100-continue"),),
            (("connection", "upgrade"), ("upgrade", "h2c")),
            (("connection", "upgrade"), ("upgrade", "websocket")),
            (("accept", "\xff\xfe"), ("accept-encoding", ";;q=")),
            (("host", "\xe9\xe9 [::"),),
            (("range", "bytes=9-1"), ("if-match", '"')),
            (("x-long", "v" * 20_000),),
            tuple((f"x-{number}", "") for number in range(300)),
        ]
    ),
)
Draw = Callable[..., Any]
Headers = tuple[tuple[str, str], ...]
JSON_TYPE: Headers = (("content-type", "application/json"),)


@dataclass(frozen=True)
class Bad:
    """A request that is certain to be malformed, as it goes over the wire, and what is to happen."""

    provider: str
    why: str
    pieces: tuple[bytes, ...]
    statuses: frozenset[int]
    has_body: bool = True  # False: HEAD, whose answer is a head alone
    client_ends: bool = False  # no more is sent after it
    server_ends: bool = False  # the answer is the connection's last
    rest_refused: bool = False  # a second answer, 400, is for what follows the request

    def __repr__(self) -> str:
        shown = [piece if len(piece) < 600 else piece[:500] + b"... (%d bytes)" % len(piece) for piece in self.pieces]
        return f"<{self.provider}, {self.why}, wanted {sorted(self.statuses)}: {shown}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # hypothesis would show every field whole
        printer.text(repr(self))


class Sender:
    """Makes requests of one account at one provider."""

    def __init__(self, provider: str, key: str) -> None:
        self.provider = provider
        self.key = key

    def identity(self, key: str | None = None) -> Headers:
        """What authenticates, and is never what is wrong."""
        key = self.key if key is None else key
        if self.provider == "OpenAI":
            return (("authorization", f"Bearer {key}"),)
        if self.provider == "Anthropic":
            return (("x-api-key", key), ("anthropic-version", "2026-10-21"))
        return (("x-goog-api-key", key),)

    def mounts(self) -> st.SearchStrategy[str]:
        return st.sampled_from(["", f"/{self.provider.lower()}"])

    def routes(self, *bodies: str) -> list[Route]:
        return [route for route in ROUTES[self.provider] if not bodies or route.body in bodies]

    def upload_headers(self, route: Route) -> Headers:
        """The command that the route is told by, where several share method and path."""
        commands = {
            "upload": "upload, finalize",
            "create": "upload, finalize",
            "upload_chunk": "upload",
            "upload_query": "query",
            "upload_cancel": "cancel",
        }
        named = commands.get(route.operation.rpartition(".")[2]) if route.accepts else None
        return (("x-goog-upload-command", named),) if named else ()

    def good(self) -> bytes:
        """A request that is answered with 200."""
        path = "/v1beta/files" if self.provider == "Gemini" else "/v1/files"
        return head("GET", path, self.identity()) + b"\r\n"


@st.composite
def target_of(draw: st.DrawFn, sender: Sender, route: Route) -> str:
    """A path of the route, at the mount or not, with a model that exists where it takes one."""
    model = MODELS[sender.provider]
    return draw(sender.mounts()) + filled(route.path, dict.fromkeys(("model", "model_id"), model), "none")


def head(method: str, target: str, headers: Headers) -> bytes:
    """A request's head, but for the empty line that ends it."""
    lines = [f"{method} {target} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, ""]).encode("latin-1")


def with_length(start: bytes, body: bytes) -> bytes:
    return start + b"content-length: %d\r\n\r\n" % len(body) + body


# `framed` and `split` draw at once: as strategies they would carry whole bodies about in their names.


def framed(draw: Draw, start: bytes, body: bytes) -> tuple[bytes, ...]:
    """The head and the body behind it: with a length or in chunks; in one piece on the wire, or in two."""
    if draw(st.booleans()):
        return split(draw, with_length(start, body))
    cut = draw(st.integers(0, len(body)))
    extension = draw(st.sampled_from([b"", b";a=b"]))
    trailer = draw(st.sampled_from([b"", b"x-trailer: 1\r\n", b"authorization: Bearer nobody\r\n"]))
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in (body[:cut], body[cut:]) if part)
    return split(draw, start + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n")


def split(draw: Draw, data: bytes) -> tuple[bytes, ...]:
    """The bytes in one piece, or in two."""
    cut = draw(st.integers(0, len(data) - 1))
    return (data[:cut], data[cut:]) if cut else (data,)


def filled(path: str, values: Mapping[str, str], otherwise: str) -> str:
    """A route's path with its parameters put in."""
    parts = path.split("{")
    for place, part in enumerate(parts[1:], 1):
        name, _, rest = part.partition("}")
        parts[place] = quote(values.get(name, otherwise), safe="") + rest
    return "".join(parts)


def whole_body(provider: str, operation: str) -> dict[str, Any]:
    """A body that is accepted where what it names exists, or {} for an operation that none is known for."""
    model = MODELS[provider]
    said = [{"role": "user", "content": "hello there"}]
    known: dict[tuple[str, str], dict[str, Any]] = {
        ("OpenAI", "chat.create"): {"model": model, "messages": said},
        ("OpenAI", "tokens.count"): {"model": model, "input": "hello there"},
        ("OpenAI", "responses.create"): {"model": model, "input": "hello there"},
        ("OpenAI", "responses.compact"): {"model": model, "input": "hello there"},
        ("OpenAI", "conversations.create"): {"metadata": {"topic": "trees"}},
        ("OpenAI", "conversations.update"): {"metadata": {"topic": "trees"}},
        ("OpenAI", "conversations.items.create"): {"items": said},
        ("OpenAI", "containers.create"): {"name": "workshop"},
        ("OpenAI", "fine_tuning.jobs.create"): {"model": "gpt-4o-mini", "training_file": "file-none"},
        ("OpenAI", "fine_tuning.permissions.create"): {"project_ids": ["proj_a"]},
        ("Anthropic", "chat.create"): {"model": model, "max_tokens": 16, "messages": said},
        ("Anthropic", "tokens.count"): {"model": model, "messages": said},
        ("Gemini", "chat.create"): {"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]},
        ("Gemini", "tokens.count"): {"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]},
        ("OpenAI", "batches.create"): {
            "input_file_id": "file-none",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
        },
        ("Anthropic", "batches.create"): {"requests": [{"custom_id": "first", "params": {"messages": said}}]},
        ("Gemini", "batches.create"): {
            "batch": {
                "inputConfig": {"requests": {"requests": [{"request": {"contents": [{"parts": [{"text": "hi"}]}]}}]}}
            }
        },
        ("Gemini", "vector_stores.create"): {"displayName": "Notes", "embeddingModel": "models/gemini-embedding-001"},
    }
    return known.get((provider, operation), {})


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
