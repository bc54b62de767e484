"""Strategies of malformed requests. Each is certain to be refused, and says with which statuses and why."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.simulator import bad_bodies, bad_forms, bad_heads
from tests.simulator.bad_parts import (
    JSON_TYPE,
    METHODS,
    ODD_HEADERS,
    Bad,
    Sender,
    filled,
    framed,
    head,
    split,
    target_of,
    whole_body,
    with_length,
)

_ANY_REFUSAL = frozenset({400, 403, 404, 409, 413})
_NO_SUCH_ID = {"OpenAI": {404}, "Anthropic": {404}, "Gemini": {403, 404}}


def bad_requests(sender: Sender) -> st.SearchStrategy[Bad]:
    """Everything that may go wrong with a request, simplest first."""
    kinds = [
        bad_heads.unreadable_head(sender),
        bad_heads.unreadable_body(sender),
        bad_heads.ends_early(sender),
        bad_heads.oversized(sender),
        keyless(sender),
        lost(sender),
        broken_json(sender),
        broken_json(sender),
        wrong_fields(sender),
        wrong_fields(sender),
        broken_form(sender),
        unknown_id(sender),
        bad_query(sender),
        junk_after(sender),
    ]
    if sender.provider == "Anthropic":
        kinds.append(no_such_version(sender))
    if sender.provider == "Gemini":
        kinds.append(bad_upload(sender))
    return st.one_of(kinds)


@st.composite
def keyless(draw: st.DrawFn, sender: Sender) -> Bad:
    """No key, or none that is an account's; told before anything else of the request is looked at."""
    route = draw(st.sampled_from([route for route in sender.routes() if not route.accepts]))
    key = draw(st.one_of(st.none(), st.sampled_from(["sim-", "-", "\xe9", "x" * 3000]), st.text("abcSIM-", min_size=1)))
    headers = () if key is None else sender.identity(key)
    target = f"/{sender.provider.lower()}" + filled(route.path, {}, "none")
    statuses = {401}
    if sender.provider == "Gemini":
        statuses = {403} if key is None else {400}
    start = head(route.method, target, (*headers, *draw(ODD_HEADERS)))
    return Bad(sender.provider, "keyless", framed(draw, start, draw(st.binary(max_size=40))), frozenset(statuses))


@st.composite
def lost(draw: st.DrawFn, sender: Sender) -> Bad:
    """A path that is nearly served, or one that is, with a method that is not."""
    route = draw(st.sampled_from([route for route in sender.routes() if not route.accepts]))
    target = f"/{sender.provider.lower()}" + filled(route.path, {}, "none")
    method, statuses = route.method, {404}
    if draw(st.booleans()):
        served = {other.method for other in sender.routes() if _alike(other.path, route.path)}
        method = draw(st.sampled_from([method for method in METHODS if method not in served]))
        statuses = {404} if sender.provider == "Gemini" else {405}
    else:
        wrong = ["/a/b/c/d/e", "//////", "/%2e%2e/%2e%2e/%2e%2e/none", "/" + "a/" * 1500, "/%00/%ff/%zz/x/y"]
        target = draw(
            st.sampled_from([target + end for end in wrong] + [target.replace("/v1", "/V1"), target[:-1] + "/"])
        )
        if _served(sender, method, target):
            target += "/a/b/c/d/e"
    query = draw(st.sampled_from(["", "?", "?a=%zz&=&&", "?" + "q" * 3000]))
    start = head(method, target + query, (*sender.identity(), *draw(ODD_HEADERS)))
    pieces = framed(draw, start, draw(st.binary(max_size=40)))
    return Bad(sender.provider, "no such path or method", pieces, frozenset(statuses), has_body=method != "HEAD")


def _alike(path: str, other: str) -> bool:
    """Whether one path can be of both templates."""
    mine, theirs = path.split("/"), other.split("/")
    return len(mine) == len(theirs) and all(
        a == b or ("{" in a and "{" in b) or ("{" in a and ":" not in a) or ("{" in b and ":" not in b)
        for a, b in zip(mine, theirs, strict=True)
    )


def _served(sender: Sender, method: str, target: str) -> bool:
    path = target.partition(f"/{sender.provider.lower()}")[2]
    return any(_alike(path, route.path) for route in sender.routes() if route.method == method)


@st.composite
def broken_json(draw: st.DrawFn, sender: Sender) -> Bad:
    """A body that is no JSON object."""
    route = draw(st.sampled_from(sender.routes("json")))
    body = draw(bad_bodies.NO_OBJECT)
    typed = (("content-type", draw(st.sampled_from(bad_bodies.CONTENT_TYPES))),)
    start = head(route.method, draw(target_of(sender, route)), (*sender.identity(), *typed, *draw(ODD_HEADERS)))
    return Bad(sender.provider, "no JSON object", framed(draw, start, body), frozenset({400}))


@st.composite
def wrong_fields(draw: st.DrawFn, sender: Sender) -> Bad:
    """A JSON object with one field that is missing, unknown, or of a type that it cannot have."""
    routes = [route for route in sender.routes("json") if whole_body(sender.provider, route.operation)]
    route = draw(st.sampled_from(routes))
    body, why = draw(bad_bodies.spoilt(sender.provider, route.operation))
    start = head(route.method, draw(target_of(sender, route)), (*sender.identity(), *JSON_TYPE, *draw(ODD_HEADERS)))
    pieces = framed(draw, start, json.dumps(body).encode())
    return Bad(sender.provider, why, pieces, _ANY_REFUSAL)


@st.composite
def broken_form(draw: st.DrawFn, sender: Sender) -> Bad:
    """A multipart form that ends early, has no boundary or another, or lacks what must be there."""
    forms = sender.routes("form")
    if not forms:
        return draw(broken_json(sender))
    route = draw(st.sampled_from(forms))
    content_type, body, why = draw(bad_forms.bad_form(sender.provider))
    typed = (("content-type", content_type),) if content_type is not None else ()
    start = head(route.method, draw(target_of(sender, route)), (*sender.identity(), *typed, *draw(ODD_HEADERS)))
    statuses = {400, 404} if "{" in route.path else {400}  # what the path names may be looked for first
    return Bad(sender.provider, why, framed(draw, start, body), frozenset(statuses))


@st.composite
def unknown_id(draw: st.DrawFn, sender: Sender) -> Bad:
    """An id that nothing has, of any characters."""
    route = draw(st.sampled_from([route for route in sender.routes() if "{" in route.path]))
    segment = st.one_of(st.text(max_size=12), st.sampled_from(["\0", "../..", "a" * 3000, "%2f", "é/é"]))
    # No model or file is called so; what Gemini reads as the verb of a model cannot come about.
    name = "none-" + draw(segment).replace(":", "").replace(".", "")
    target = draw(sender.mounts()) + filled(route.path, {}, name)
    body = b"" if route.body == "none" else json.dumps(whole_body(sender.provider, route.operation)).encode()
    statuses = set(_NO_SUCH_ID[sender.provider])
    if sender.provider == "Gemini":
        statuses.add(400)  # a name that no file can have
    if route.operation == "corpora":
        statuses = {401}  # whatever the name: they take no key
    start = head(route.method, target, (*sender.identity(), *JSON_TYPE, *draw(ODD_HEADERS)))
    return Bad(sender.provider, "unknown id", framed(draw, start, body), frozenset(statuses))


_BAD_QUERIES = {
    "OpenAI": ["limit=-1", "limit=0", "limit=x", "limit=10001", "limit=" + "9" * 5000, "limit=%ff", "limit=1.5", "order=up"],
    "Anthropic": [
        "limit=-1", "limit=0", "limit=x", "limit=1001", "limit=" + "9" * 5000, "limit=%ff", "limit=1.5", "unknown=1", "=&=&=",
    ],
    "Gemini": [
        "pageSize=-1", "pageSize=x", "pageSize=%ff", "pageSize=1e9", "pageSize=" + "9" * 5000, "pageToken=none",
        "pageToken=%00", "pageToken=%ff", "pageToken=%C3%A9", "unknown=1", "=&=&=",
    ],
}  # fmt: skip


@st.composite
def bad_query(draw: st.DrawFn, sender: Sender) -> Bad:
    """A parameter that a list does not take, or with a value that it cannot have."""
    lists = [route for route in sender.routes() if route.operation in ("files.list", "models.list", "batches.list")]
    if sender.provider == "Gemini":
        lists += [route for route in sender.routes() if route.operation == "vector_stores.list"]
    if sender.provider == "OpenAI":  # the list of models heeds no parameter
        lists = [route for route in lists if route.operation == "files.list"]
    route = draw(st.sampled_from(lists))
    query = draw(st.sampled_from(_BAD_QUERIES[sender.provider]))
    target = f"{draw(target_of(sender, route))}?{query}"
    start = head(route.method, target, (*sender.identity(), *draw(ODD_HEADERS)))
    return Bad(sender.provider, f"?{query[:20]}", split(draw, start + b"\r\n"), frozenset({400}))


@st.composite
def junk_after(draw: st.DrawFn, sender: Sender) -> Bad:
    """A length that is too small: the request is answered as it is, and what follows it is no request."""
    first = draw(broken_json(sender).filter(lambda bad: b"content-length" in b"".join(bad.pieces)))
    junk = draw(
        st.sampled_from(
            [b"\x00", b"}", b"abc\r\n\r\n", b'"}]}', b"\xff" * 30, b"GET\r\n\r\n", b"get /v1/files HTTP/1.1\r\n\r\n"]
        )
    )
    data = b"".join(first.pieces) + junk
    pieces = split(draw, data)
    return Bad(sender.provider, "junk after", pieces, first.statuses, server_ends=True, rest_refused=True)


@st.composite
def no_such_version(draw: st.DrawFn, sender: Sender) -> Bad:
    """No API version, or one that does not exist."""
    route = draw(st.sampled_from(sender.routes("json", "none")))
    version = draw(
        st.one_of(st.none(), st.sampled_from(["tomorrow", "", "2023-06-01x", "\xff", "2023-06-01, 2026-10-21"]))
    )
    headers = (("x-api-key", sender.key),) + ((("anthropic-version", version),) if version is not None else ())
    body = json.dumps(whole_body(sender.provider, route.operation)).encode()
    start = head(route.method, draw(target_of(sender, route)), (*headers, *JSON_TYPE, *draw(ODD_HEADERS)))
    return Bad(sender.provider, "no such version", framed(draw, start, body), frozenset({400}))


@st.composite
def bad_upload(draw: st.DrawFn, sender: Sender) -> Bad:
    """A command that there is none of, for an upload that there is none of, or a start that announces too much."""
    path = draw(st.sampled_from(["/upload/v1/files", "/upload/v1beta/files"]))
    unknown = draw(st.sampled_from(["", "?upload_id=", "?upload_id=none", "?upload_id=%00&upload_id=x"]))
    command = draw(
        st.sampled_from(
            ["upload", "upload, finalize", "FINALIZE", "query", "cancel", "dance", "", ",", "start, upload"]
        )
    )
    offset = draw(st.sampled_from(["0", "-1", "x", "9" * 5000, ""]))
    headers: tuple[tuple[str, Any], ...] = (("x-goog-upload-command", command), ("x-goog-upload-offset", offset))
    if draw(st.booleans()):
        path, unknown = path, ""
        headers = (
            ("x-goog-upload-command", "start"),
            ("x-goog-upload-header-content-length", draw(st.sampled_from(["9" * 5000, "2147483649", "99999999999"]))),
        )
    start = head("POST", path + unknown, (*sender.identity(), *headers, *draw(ODD_HEADERS)))
    return Bad(sender.provider, "bad upload", (with_length(start, b""),), frozenset({400, 404}))
