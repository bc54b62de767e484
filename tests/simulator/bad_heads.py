"""Strategies of requests that are no whole HTTP: unreadable heads, chunks that are none, ends too early, lengths too large."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.simulator.bad_parts import JSON_TYPE, ODD_HEADERS, Bad, Sender, filled, head, split, target_of


@st.composite
def unreadable_head(draw: st.DrawFn, sender: Sender) -> Bad:
    """A head that is no HTTP: after it the connection cannot go on."""
    route = draw(st.sampled_from(sender.routes()))
    # The parser tells of a header when the next one begins; and where not even the line is read, the mount is all there is.
    target = f"/{sender.provider.lower()}{filled(route.path, {}, 'none')}"
    start = head(route.method, target, sender.identity())
    line, _, rest = start.partition(b"\r\n")
    broken: list[bytes] = [
        start + wrong + b"\r\n\r\n"
        for wrong in (
            b"no colon",
            b": no name",
            b"a b: c",
            b"x: a\x00b",
            b"x: \x01",
            b"x\xff: y",
            b"content-length: -1",
            b"content-length: 1x",
            b"content-length: " + b"9" * 30,
            b"content-length: 1\r\ncontent-length: 2",
            b"content-length: 3\r\ntransfer-encoding: chunked",
            b"transfer-encoding: chunked\r\ncontent-length: 3",
            b"transfer-encoding: gzip",
            b"x: <long>",
        )
    ]
    broken += [
        line.replace(b"HTTP/1.1", version) + b"\r\n" + rest + b"\r\n"
        for version in (b"HTTP/9.9", b"HTTP/1.", b"HTTQ/1.1")
    ]
    data = draw(st.sampled_from(broken)).replace(b"<long>", b"y" * 500_000)
    return Bad(sender.provider, "unreadable head", split(draw, data), frozenset({400}), server_ends=True)


@st.composite
def unreadable_body(draw: st.DrawFn, sender: Sender) -> Bad:
    """Chunks that are none."""
    route = draw(st.sampled_from(sender.routes()))
    headers = (*sender.identity(), *sender.upload_headers(route), *draw(ODD_HEADERS), ("transfer-encoding", "chunked"))
    before = draw(st.sampled_from([b"", b"3\r\nabc\r\n", b"1;a=b\r\n{\r\n"]))
    wrong = draw(
        st.sampled_from(
            [
                b"x\r\n",
                b"-1\r\n",
                b"0x3\r\n",
                b"\r\n",
                b"3\r\nabcd\r\n",
                b"3 \x00\r\n",
                b"f" * 17 + b"\r\n",
                b"0\r\nno colon\r\n\r\n",
            ]
        )
    )
    data = head(route.method, draw(target_of(sender, route)), headers) + b"\r\n" + before + wrong
    return Bad(sender.provider, "bad chunk", split(draw, data), frozenset({400}), server_ends=True)


@st.composite
def ends_early(draw: st.DrawFn, sender: Sender) -> Bad:
    """The client closes its side in the middle of the head, or before it has sent the length that it said."""
    route = draw(st.sampled_from(sender.routes()))
    headers = (*sender.identity(), *sender.upload_headers(route), *JSON_TYPE, *draw(ODD_HEADERS))
    start = head(route.method, draw(target_of(sender, route)), headers)
    body = draw(st.binary(max_size=40))
    lie = draw(st.integers(1, 1000))
    whole = draw(
        st.sampled_from(
            [
                start,
                start + b"content-length: %d\r\n\r\n" % (len(body) + lie) + body,
                start + b"transfer-encoding: chunked\r\n\r\n%x\r\n" % (len(body) + lie) + body,
                start + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n",
            ]
        )
    )
    data = whole
    if whole is start:  # the target is there, so that it is known whose words to use
        start = head(route.method, f"/{sender.provider.lower()}{filled(route.path, {}, 'none')}", headers)
        data = start[: draw(st.integers(start.index(b"\r\n") + 2, len(start)))]
    return Bad(sender.provider, "ends early", (data,), frozenset({400}), client_ends=True, server_ends=True)


@st.composite
def oversized(draw: st.DrawFn, sender: Sender) -> Bad:
    """A length over the limit, refused before it is sent; a body that came with it is not read as a request."""
    route = draw(st.sampled_from(sender.routes("json", "form", "raw")))
    headers = (*sender.identity(), *sender.upload_headers(route), *draw(ODD_HEADERS))
    length = draw(st.one_of(st.integers(route.max_bytes + 1, route.max_bytes + 9), st.just(10**18)))
    start = head(route.method, draw(target_of(sender, route)), headers)
    data = (
        start + b"content-length: %d\r\n\r\n" % length + draw(st.sampled_from([b"", b"{", b"GET / HTTP/1.1\r\n\r\n"]))
    )
    status = 400 if sender.provider == "Gemini" else 413
    return Bad(sender.provider, "oversized", (data,), frozenset({status}), client_ends=True, server_ends=True)
