"""Ways to misbehave in lists that come in pages."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from support.simulator.deviations.operators import Memory, Operator
from support.simulator.wire import Answer, Call, Handler, Json


@dataclass(frozen=True, slots=True)
class Paging:
    """How a provider's lists come in pages: where the items are, and which parameters ask for the next page."""

    items: str
    cursor: str
    limit: str
    next_cursor: Callable[[dict[str, Json]], str | None]
    end: Callable[[dict[str, Json]], None]
    cursor_in_answer: str = "nextPageToken"


def _end_openai(body: dict[str, Json]) -> None:
    body["has_more"] = False


def _end_anthropic(body: dict[str, Json]) -> None:
    body["next_page"] = None
    if "has_more" in body:
        body["has_more"] = False


def _end_gemini(body: dict[str, Json]) -> None:
    body.pop("nextPageToken", None)


# provider-facts 2.1, 2.2, 2.3
FILES: Mapping[str, Paging] = {
    "OpenAI": Paging("data", "after", "limit", lambda b: b["last_id"] if b["has_more"] else None, _end_openai),
    "Anthropic": Paging("data", "page", "limit", lambda b: b["next_page"], _end_anthropic),
    "Gemini": Paging("files", "pageToken", "pageSize", lambda b: b.get("nextPageToken"), _end_gemini),
}


# provider-facts 3.1
CACHES: Mapping[str, Paging] = {
    "Gemini": Paging("cachedContents", "pageToken", "pageSize", lambda b: b.get("nextPageToken"), _end_gemini),
}


def loops(paging: Mapping[str, Paging], begin_again: str = "begin-again") -> Operator:
    """The last page has a cursor too, and it leads to the first. Where a list fits on one page, nothing changes."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        way = paging[call.provider]
        asked = call.one(way.cursor)
        if asked == begin_again:
            first = {key: values for key, values in call.query.items() if key != way.cursor}
            return handler(state, replace(call, query=first))
        answer = handler(state, call)
        if asked is None or way.next_cursor(answer.body) is not None:
            return answer
        memory.fired += 1
        return replace(answer, body={**answer.body, way.cursor_in_answer: begin_again})

    return operator


def pages_overlap(paging: Mapping[str, Paging]) -> Operator:
    """The cursor is inclusive: the last item of a page is also the first of the next one."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        way = paging[call.provider]
        carried = memory.things.get((call.provider, call.one(way.cursor)))
        asked = call
        limit = call.one(way.limit)
        if carried is not None and limit is not None and limit.isdecimal() and int(limit) > 1:
            asked = replace(call, query={**call.query, way.limit: [str(int(limit) - 1)]})
        answer = copy.deepcopy(handler(state, asked))
        items = answer.body.setdefault(way.items, [])
        if items and (cursor := way.next_cursor(answer.body)) is not None:
            memory.things[call.provider, cursor] = copy.deepcopy(items[-1])
        if carried is not None:
            items.insert(0, copy.deepcopy(carried))
            memory.fired += 1
        return answer

    return operator


def end_early(paging: Mapping[str, Paging]) -> Operator:
    """The page before the last one says that it is the last."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        way = paging[call.provider]
        answer = handler(state, call)
        cursor = way.next_cursor(answer.body)
        if cursor is None:
            return answer
        following = handler(state, replace(call, query={**call.query, way.cursor: [cursor]}))
        if way.next_cursor(following.body) is not None:
            return answer
        memory.fired += 1
        body = copy.deepcopy(answer.body)
        way.end(body)
        return replace(answer, body=body)

    return operator
