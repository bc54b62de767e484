"""The fileSearch tool: which passages are found for a question, and which of them stand behind an answer (provider-facts 5.2, 9.3).

Live answers tell all passages that were found, and for each sentence of theirs those that it rests on; an answer that rests on
none has no grounding here (the live one then: unverified).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from support.simulator import ids, reading, tokenizer
from support.simulator.gemini.errors import at_fault, invalid
from support.simulator.gemini.file_search import Store, Stores
from support.simulator.gemini.metadata_filters import Malformed, Matches, parse
from support.simulator.gemini.prompt import Prompt
from support.simulator.nearest import Hit

USUAL_PASSAGES = 5
"""How many are found where a request does not say (unverified: by others' documentation)."""
MOST_STORES = 5
"""In one request."""

_PLACE = "tools[{}].file_search.{}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that was found; `title` is the document's display name."""

    title: str | None
    text: str
    store: str
    metadata: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    stores: list[Store]
    top: int
    matches: Matches


def found(
    request: dict[str, Any], stores: Stores, prompt: Prompt, now: datetime, name: str
) -> tuple[Passage, ...] | None:
    """The passages nearest to what the user asked last, best first; None where a request has no such tool.

    `name`: how refusals call the request, the words of which are unverified, but for those of a missing store.
    """
    wanted = [
        _wanted(tool["fileSearch"], stores, number, name)
        for number, tool in enumerate(request.get("tools") or ())
        if "fileSearch" in tool
    ]
    if not wanted:
        return None
    asked = next((turn.text for turn in reversed(prompt.turns) if turn.role == "user"), "")
    passages: list[tuple[float, Passage]] = []
    for one in wanted:
        hits = [(hit, store) for store in one.stores for hit in store.search(asked, one.top, one.matches, now)]
        best = sorted(hits, key=lambda hit: -hit[0].score)[: one.top]
        passages += [(hit.score, _passage(hit, store)) for hit, store in best]
    return tuple(passage for _, passage in sorted(passages, key=lambda scored: -scored[0]))


def tokens(passages: Sequence[Passage] | None) -> int:
    """What the model reads of them, told as input of its tools. Live figures are higher: they count more than the passages."""
    return sum(tokenizer.count(passage.text) for passage in passages or ())


def metadata(text: str, passages: Sequence[Passage], *, is_cut: bool) -> dict[str, Any] | None:
    """The grounding of an answer; None if no passage says any of it. `is_cut`: the answer may end within a sentence."""
    spans = _spans(text, passages, is_cut=is_cut)
    if not spans:
        return None
    return {
        "groundingChunks": [{"retrievedContext": _context(passage)} for passage in passages],
        "groundingSupports": [
            {"segment": _segment(text, start, end), "groundingChunkIndices": numbers}
            for (start, end), numbers in sorted(spans.items())
        ],
    }


def parts() -> list[dict[str, Any]]:
    """The search as parts of an answer, for requests that want to see them; neither its query nor its finds are told."""
    call_id = ids.token(8, ids.BASE36_LOWER)
    return [{kind: {"toolType": "FILE_SEARCH", "id": call_id}} for kind in ("toolCall", "toolResponse")]


def _wanted(tool: dict[str, Any], stores: Stores, number: int, name: str) -> _Wanted:
    names = tool.get("fileSearchStoreNames") or []
    field = _PLACE.format(number, "file_search_store_names")
    if not names:
        raise at_fault(name, field, "file_search_store_names must not be empty.")
    if len(names) > MOST_STORES:
        raise at_fault(name, field, f"at most {MOST_STORES} file search stores can be used in one request.")
    top = tool.get("topK") or USUAL_PASSAGES
    if top < 0:
        raise at_fault(name, _PLACE.format(number, "top_k"), "top_k must be positive.")
    try:
        matches = parse(tool.get("metadataFilter") or "")
    except Malformed as error:
        raise invalid(f"Invalid metadata filter: {error}.") from None
    return _Wanted([stores.named(one) for one in dict.fromkeys(names)], top, matches)


def _passage(hit: Hit, store: Store) -> Passage:
    document = store.documents[hit.owner_id]
    return Passage(document.display_name, hit.text, store.name, document.metadata)


def _context(passage: Passage) -> dict[str, Any]:
    """In the order of live answers; a document without a display name has no title."""
    context: dict[str, Any] = {} if passage.title is None else {"title": passage.title}
    context |= {"text": passage.text, "fileSearchStore": passage.store}
    if passage.metadata:
        context["customMetadata"] = passage.metadata
    return context


def _segment(text: str, start: int, end: int) -> dict[str, Any]:
    """Places are counted in bytes; a start of 0 is left out."""
    before = len(text[:start].encode())
    segment: dict[str, Any] = {"startIndex": before} if before else {}
    return {**segment, "endIndex": before + len(text[start:end].encode()), "text": text[start:end]}


def _spans(text: str, passages: Sequence[Passage], *, is_cut: bool) -> dict[tuple[int, int], list[int]]:
    """Where in the answer a sentence of the passages stands, and of which passages."""
    spans: dict[tuple[int, int], list[int]] = {}
    for number, passage in enumerate(passages):
        for sentence in dict.fromkeys(reading.sentences(passage.text)):
            start = text.find(sentence)
            end = start + len(sentence)
            if start < 0 and is_cut and text and sentence.startswith(text):
                start, end = 0, len(text)
            if start >= 0 and _stands_alone(text, start, end):
                spans.setdefault((start, end), []).append(number)
    return {
        span: numbers
        for span, numbers in spans.items()
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in spans)
    }


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether it is the whole answer, or several words with space around them: no number or name that is there by chance."""
    if (start, end) == (0, len(text)):
        return True
    return (
        " " in text[start:end]
        and (not start or text[start - 1].isspace())
        and (end == len(text) or text[end].isspace())
    )
