"""Where one request ends and the next begins: what is sent around bad bytes is answered too, once each and in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.simulator.wire import MEBIBYTE
from tests.simulator.account import Account
from tests.simulator.bad_bodies import is_object
from tests.simulator.bad_parts import JSON_TYPE, ROUTES, Sender, as_json, filled, framed, head, whole_body, with_length
from tests.simulator.bad_parts import MODELS as MODEL_OF
from tests.simulator.bad_wire import Peer, fault_in_envelope, in_flight, watched_simulator
from tests.simulator.test_bad_bytes import REQUESTS

PROVIDERS = list(ROUTES)


@pytest.fixture(scope="module")
def open_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Account]]:
    with watched_simulator(tmp_path_factory.mktemp("bad_framing")) as opener:
        yield opener


@pytest.fixture(scope="module")
def account(open_tenant: Callable[[], Account]) -> Account:
    return open_tenant()


@pytest.fixture
def peer(account: Account) -> Iterator[Peer]:
    peer = Peer(account.url)
    yield peer
    peer.close()
    assert in_flight(account) == 0


def ask(provider: str, account: Account, *headers: tuple[str, str]) -> bytes:
    """The head of a question, but for the length of its body."""
    sender = Sender(provider, account.keys[provider])
    route = next(route for route in ROUTES[provider] if route.operation == "chat.create")
    target = f"/{provider.lower()}" + filled(route.path, {"model": MODEL_OF[provider]}, "")
    return head("POST", target, (*sender.identity(), *JSON_TYPE, *headers))


def question(provider: str) -> bytes:
    return as_json(whole_body(provider, "chat.create"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_garbage_behind_requests_is_refused_after_their_answers(provider: str, account: Account, peer: Peer) -> None:
    asked = with_length(ask(provider, account), question(provider))
    peer.send(asked * 3 + b"}]garbage\r\n\r\n" + asked)
    for _ in range(3):
        assert peer.answer().status == 200
    assert peer.answer().status == 400
    peer.expect_end()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_bad_body_of_a_request_sent_ahead_is_refused_in_its_turn(provider: str, account: Account, peer: Peer) -> None:
    asked = with_length(ask(provider, account), question(provider))
    peer.send(asked * 2 + ask(provider, account) + b"transfer-encoding: chunked\r\n\r\nzz\r\n")
    assert [peer.answer().status for _ in range(2)] == [200, 200]
    refused = peer.answer()
    assert refused.status == 400
    assert fault_in_envelope(provider, 400, refused.body) is None
    peer.expect_end()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_client_that_has_sent_all_and_closes_its_side_gets_its_answers(
    provider: str, account: Account, peer: Peer
) -> None:
    peer.send(with_length(ask(provider, account), question(provider)) * 3)
    peer.end()
    assert [peer.answer().status for _ in range(3)] == [200, 200, 200]
    peer.expect_end()


def test_garbage_in_a_body_that_was_not_waited_for_brings_no_second_answer(account: Account, peer: Peer) -> None:
    peer.send(head("POST", "/v1/nothing", ()) + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n")
    assert peer.answer().status == 404
    peer.send(b"zz\r\n")
    peer.expect_end()


@pytest.mark.parametrize("headers", [(), (("connection", "close"),)])
def test_a_refusal_is_not_lost_when_much_is_sent_behind_it(
    account: Account, peer: Peer, headers: tuple[tuple[str, str], ...]
) -> None:
    """A server that closed while bytes still come would reset the connection, and the client would not read the answer."""
    start = head("POST", "/v1/files", (("authorization", "Bearer nobody"), *headers))
    peer.send(start + b"content-length: %d\r\n\r\n" % (8 * MEBIBYTE), *[b"x" * MEBIBYTE] * 8)
    assert peer.answer().status == 401
    if headers:
        peer.expect_end()
    else:
        assert peer.ask(Sender("OpenAI", account.keys["OpenAI"]).good()).status == 200


@pytest.mark.parametrize("provider", PROVIDERS)
def test_chunks_beyond_the_limit_are_refused(provider: str, account: Account, peer: Peer) -> None:
    peer.send(ask(provider, account) + b"transfer-encoding: chunked\r\n\r\n")
    piece = b"%x\r\n%b\r\n" % (MEBIBYTE, b" " * MEBIBYTE)
    peer.send(*[piece] * 40, b"0\r\n\r\n")
    limit = next(route.max_bytes for route in ROUTES[provider] if route.operation == "chat.create")
    answer = peer.answer()
    if limit < 40 * MEBIBYTE:
        assert answer.status == (400 if provider == "Gemini" else 413)
    else:
        assert answer.status == 400  # white space is an empty object, which lacks all that is needed
    assert fault_in_envelope(provider, answer.status, answer.body) is None


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_offer_of_another_protocol_is_passed_over(
    provider: str, protocol: str, account: Account, peer: Peer
) -> None:
    """Java's own client offers HTTP/2 with every first request; the body counts, and so does what follows."""
    offer = (("connection", "upgrade, http2-settings"), ("upgrade", protocol), ("http2-settings", "AAMAAABkAAQAAP__"))
    start, body = ask(provider, account, *offer), question(provider)
    chunked = start + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    peer.send(with_length(start, body) + chunked)
    for cut in (1, len(start) + 30):
        whole = with_length(start, body)
        peer.send(whole[:cut], whole[cut:])
    assert [peer.answer().status for _ in range(4)] == [200] * 4
    assert peer.ask(with_length(ask(provider, account), body)).status == 200


def test_trailers_are_no_headers(account: Account, peer: Peer) -> None:
    body = question("OpenAI")
    chunks = b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(body), body)
    for trailer in (b"authorization: Bearer nobody\r\n", b"x-goog-api-key: nobody\r\n"):
        assert peer.ask(ask("OpenAI", account) + chunks + trailer + b"\r\n").status == 200


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_byte_changed_in_a_good_question(provider: str, account: Account, peer: Peer) -> None:
    """Answered where it says the same or asks in other words, refused where it does not."""
    good = question(provider)
    asked = json.loads(good)
    start = ask(provider, account)

    def without_text(body: dict[str, object]) -> str:
        """The body but for what the user says, which may be any text, and for the limit, which may be any number from 0."""
        copied = json.loads(json.dumps(body))
        said = copied["contents"][0]["parts"][0] if provider == "Gemini" else copied["messages"][0]
        name = "text" if provider == "Gemini" else "content"
        said[name] = isinstance(said[name], str)
        if type(copied.get("max_tokens")) is int:
            copied["max_tokens"] = copied["max_tokens"] >= 0
        return json.dumps(copied, sort_keys=True)

    @settings(max_examples=max(20, REQUESTS // 20), derandomize=True, deadline=None, database=None)
    @given(st.data(), st.integers(0, len(good) - 1), st.binary(max_size=1), st.booleans())
    def right(data: st.DataObject, place: int, new: bytes, replaces: bool) -> None:
        body = good[:place] + new + good[place + replaces :]
        try:
            same = is_object(body) and without_text(json.loads(body)) == without_text(asked)
        except (KeyError, IndexError, TypeError):
            same = False
        try:
            peer.send(*framed(data.draw, start, body))
            answer = peer.answer()
            peer.expect_silence()
        except BaseException:
            peer.close()
            raise
        if same:
            assert answer.status == 200, (body, answer)
        else:
            assert 400 <= answer.status < 500, (body, answer)
            assert fault_in_envelope(provider, answer.status, answer.body) is None, (body, answer)

    right()
