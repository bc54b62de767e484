"""The comparison notices what it should: answers of our own, changed in one place, each give one difference of the right kind."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fidelity.comparing import Pair, compare
from tests.fidelity.exchanges import our_parts, recorded_parts
from tests.fidelity.families import FAMILIES
from tests.fidelity.own_exchanges import exchanges
from tests.fidelity.recordings import Recorded, kept_in

Change = Callable[[dict[str, Any]], object]


def found(one: Recorded, status: int, headers: dict[str, str], text: str) -> list[tuple[str, str]]:
    """The differences between one exchange of our own and this answer to it."""
    family = next(known for known in FAMILIES if (known.provider, known.name) == (one.provider, one.family))
    kept = kept_in(exchanges(one.provider))
    answer = httpx.Response(status, headers=headers, content=text.encode())
    ours = our_parts(answer, one) if status == one.status else None
    result = compare(family, [Pair(one, status, recorded_parts(one, kept), ours)])
    return [(difference.kind, difference.at) for difference in result.differences]


def example(provider: str, family: str) -> Recorded:
    return next(one for one in exchanges(provider) if one.family == family and not one.refused)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda body: None, []),
        (lambda body: body.pop("expires_at"), [("missing", "expires_at")]),
        (lambda body: body.update(colour="red"), [("added", "colour")]),
        (lambda body: body.update(created_at="now"), [("type", "created_at")]),
        (lambda body: body.update(created_at=None), [("type", "created_at")]),
        (lambda body: body.update(created_at=1.5), [("type", "created_at")]),
        (lambda body: body.update(status="finished"), [("set", "status")]),
        (lambda body: body.update(status="error"), []),
        (lambda body: body.update(bytes=41), [("value", "bytes")]),
    ],
    ids=["nothing", "missing", "added", "text", "null", "fraction", "strange", "documented", "value"],
)
def test_a_change_of_an_answer(change: Change, expected: list[tuple[str, str]]) -> None:
    one = example("OpenAI", "files-upload")
    body = copy.deepcopy(one.body)
    change(body)
    assert found(one, 200, one.headers, json.dumps(body)) == expected


def test_an_item_that_lacks_what_all_have() -> None:
    one = example("OpenAI", "files-list")
    body = copy.deepcopy(one.body)
    del body["data"][0]["status"]
    assert found(one, 200, one.headers, json.dumps(body)) == [("left out", "data[].status")]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content-type": "text/html"}, [("header", "content-type")]),
        ({"x-request-id": None}, [("header", "x-request-id")]),
        ({"x-ratelimit-limit-requests": "1"}, [("header", "x-ratelimit-limit-requests")]),
        ({"server": "somebody"}, []),
    ],
    ids=["another type", "missing", "limits on files", "of no matter"],
)
def test_a_change_of_headers(headers: dict[str, str | None], expected: list[tuple[str, str]]) -> None:
    one = example("OpenAI", "files-upload")
    sent = {name: value for name, value in {**one.headers, **headers}.items() if value is not None}
    assert found(one, 200, sent, json.dumps(one.body)) == expected


def test_another_status() -> None:
    one = example("OpenAI", "files-upload")
    assert found(one, 201, one.headers, json.dumps(one.body)) == [("status", "status")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text, []),
        (lambda text: text.replace("data: [DONE]\n\n", ""), [("framing", "end")]),
        (lambda text: text.replace("\n", "\r\n"), [("framing", "line ends")]),
        (
            lambda text: text.replace("data: ", "event: chunk\ndata: "),
            [("framing", "end"), ("framing", "lines of an event")],
        ),
        (
            lambda text: text.replace("data: [DONE]", text.split("\n\n")[0] + "\n\ndata: [DONE]"),
            [("order", "first → end"), ("order", "tail → first")],
        ),
    ],
    ids=["nothing", "no end", "line ends", "names", "begun again"],
)
def test_a_change_of_a_stream(change: Callable[[str], str], expected: list[tuple[str, str]]) -> None:
    one = example("OpenAI", "chat-completions-streaming")
    assert found(one, 200, one.headers, change(one.body)) == expected


def test_a_cut_recording_says_nothing_of_the_end() -> None:
    one = dataclasses.replace(example("OpenAI", "chat-completions-streaming"), body_is_cut=True)
    assert ("order", "tail → end") in found(one, 200, one.headers, one.body)
