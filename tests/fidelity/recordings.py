"""The recorded exchanges, read from outside the repository, family by family."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TOUCHSTONE_SHARED") or ROOT.parent / "shared")
RECORDINGS = SHARED / "recordings"
ABSENT = "no recordings at hand: name the folder that holds recordings/ and specs/ in TOUCHSTONE_SHARED"


@dataclass(frozen=True)
class Recorded:
    """One request to a provider, with the provider's answer."""

    provider: str
    """`OpenAI`, `Anthropic` or `Gemini`."""
    family: str
    """The name of the file without its provider, `files-upload`."""
    index: int
    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request_body: Any
    request_cuts: tuple[dict[str, Any], ...]
    """What the recorders cut out of the request: `path`, `kept` and `total` characters."""
    status: int
    headers: dict[str, str]
    body: Any
    """JSON, or the text of a stream; None where there was none."""
    body_is_cut: bool
    session: tuple[str, str]
    """The project and the file that this was recorded in: what belongs together."""
    day: str
    """When it was recorded or committed, `2026-05-28`; empty where nobody knows."""

    @property
    def name(self) -> str:
        return f"{self.provider} {self.family}:{self.index}"

    @property
    def refused(self) -> bool:
        return self.status >= 400


@cache
def recorded(provider: str, family: str) -> tuple[Recorded, ...]:
    """All recordings of a family; none where the folder has no such file."""
    path = RECORDINGS / f"{provider.lower()}.{family}.jsonl"
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(read_entry(provider, family, index, json.loads(line)) for index, line in enumerate(lines))


def read_entry(provider: str, family: str, index: int, entry: dict[str, Any]) -> Recorded:
    """One exchange from its JSON."""
    path = entry["path"]
    # A few projects called the service through an address of their own, which ended where the version begins.
    version = {"OpenAI": "/v1", "Anthropic": "/v1", "Gemini": "/v1beta"}[provider]
    if not re.match(r"/(upload/|download/)?v1", path):
        path = version + path
    return Recorded(
        provider=provider,
        family=family,
        index=index,
        method=entry["method"],
        path=path,
        query=entry.get("query") or "",
        request_headers={name.lower(): value for name, value in (entry["request_headers"] or {}).items()},
        request_body=entry["request_body"],
        request_cuts=tuple(entry.get("request_pruned") or ()),
        status=entry["status"],
        headers={name.lower(): value for name, value in (entry["response_headers"] or {}).items()},
        body=entry["response_body"],
        body_is_cut=bool(entry.get("response_pruned")),
        session=(entry["source"], entry["file"]),
        day=(entry.get("recorded_at") or entry.get("committed_at") or "")[:10],
    )


def everything(provider: str) -> Iterator[Recorded]:
    """Every recording of a provider."""
    for path in sorted(RECORDINGS.glob(f"{provider.lower()}.*.jsonl")):
        yield from recorded(provider, path.name.split(".")[1])


@cache
def headers_kept(provider: str) -> dict[str, frozenset[str]]:
    """The headers that each project keeps wherever this provider sends them."""
    return kept_in(everything(provider))


def kept_in(recordings: Iterable[Recorded]) -> dict[str, frozenset[str]]:
    """By project, the headers that any of its recordings has."""
    kept: dict[str, frozenset[str]] = {}
    for one in recordings:
        kept[one.session[0]] = kept.get(one.session[0], frozenset()).union(one.headers)
    return kept


def session_of(one: Recorded) -> Iterator[Recorded]:
    """Every recording of the same provider from the same file of the same project, this one included."""
    return (other for other in everything(one.provider) if other.session == one.session)
