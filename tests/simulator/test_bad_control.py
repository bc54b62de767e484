"""The control plane refuses what it does not know, in one sentence of JSON, never with a 500, and changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.account import Account
from tests.simulator.bad_bodies import NO_OBJECT
from tests.simulator.bad_parts import ODD_HEADERS, framed, head
from tests.simulator.bad_wire import Answer, Peer, watched_simulator

REQUESTS = int(os.environ.get("TOUCHSTONE_BAD_REQUESTS", "10000"))
PLANE = settings(
    max_examples=max(20, REQUESTS // 20), derandomize=True, deadline=None, database=None, report_multiple_bugs=False
)

# Where a body is read, with one that is taken.
READ: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "tenants"): {"label": "mine"},
    ("POST", "tenants/ID/clock"): {"advance": 0},
    ("POST", "tenants/ID/faults"): {"faults": []},
    ("POST", "tenants/ID/durations"): {"durations": {}},
    ("PUT", "tenants/ID/deviation"): {"name": None},
}
# Values that a field cannot have; a fault's are the fields of one line of the script.
WORD = st.text("ghjkpqz", min_size=1, max_size=8)
BEYOND = st.sampled_from([-1, -0.5, 1e300, 10**400])
NO_NUMBER: st.SearchStrategy[Any] = st.one_of(WORD, st.booleans(), st.just([]), st.just({}))
NO_STRING: st.SearchStrategy[Any] = st.one_of(st.integers(), st.booleans(), st.just([]), st.just({}))
NO_OBJECT_VALUE: st.SearchStrategy[Any] = st.one_of(WORD, st.integers(), st.booleans(), st.just([]))
NO_TIME = st.one_of(
    WORD, st.booleans(), st.just([]), st.just({}), st.sampled_from(["2026-11-22", "2026-11-22T10:00:00", 1e300])
)
NO_DURATIONS = st.one_of(NO_OBJECT_VALUE, st.dictionaries(WORD, st.one_of(NO_NUMBER, BEYOND), min_size=1, max_size=1))
FIELDS: dict[tuple[str, str], dict[str, st.SearchStrategy[Any]]] = {
    ("POST", "tenants"): {
        "now": NO_TIME,
        "speed": st.one_of(NO_NUMBER, BEYOND),
        "label": st.one_of(NO_STRING, st.just("x" * 201)),
        "deviation": st.one_of(NO_STRING, WORD),
        "durations": NO_DURATIONS,
        "latency": st.one_of(NO_NUMBER, BEYOND),
        "limits": st.one_of(
            NO_OBJECT_VALUE, st.dictionaries(WORD, st.one_of(NO_NUMBER, st.just(0)), min_size=1, max_size=1)
        ),
    },
    ("POST", "tenants/ID/clock"): {
        "advance": st.one_of(NO_NUMBER, BEYOND),
        "to": st.one_of(NO_TIME, st.just("2020-01-01T00:00:00Z")),
    },
    ("POST", "tenants/ID/faults"): {
        "do": st.one_of(
            NO_OBJECT_VALUE,
            st.just({}),
            st.fixed_dictionaries({"status": st.one_of(NO_NUMBER, st.sampled_from([0, 200, 399, 600, 10**30]))}),
            st.fixed_dictionaries({"delay_ms": st.one_of(NO_NUMBER, st.sampled_from([-1, 600_001]))}),
            st.fixed_dictionaries({"hold_until": st.one_of(NO_NUMBER, st.sampled_from([0, 10_001]))}),
            st.fixed_dictionaries({"cut": st.one_of(WORD, st.just(False), st.integers())}),
            st.fixed_dictionaries({"garbage": st.one_of(WORD, st.just(False), st.integers())}),
            st.fixed_dictionaries({"body": st.just("x"), "status": st.sampled_from([0, 199, 600])}),
            st.fixed_dictionaries({"status": st.just(500), "retry_after": st.one_of(NO_NUMBER, st.just(-1))}),
            st.fixed_dictionaries({"status": st.just(500), "cut": st.just(True)}),
            WORD.map(lambda word: {word: True}),
        ),
        "provider": st.one_of(NO_STRING, WORD),
        "operation": st.one_of(NO_STRING, WORD),
        "when": st.one_of(NO_STRING, WORD, st.none()),
        "skip": st.one_of(NO_NUMBER, st.just(-1), st.just(0.5)),
        "times": st.one_of(NO_NUMBER, st.sampled_from([-1, 0, 0.5])),
    },
    ("POST", "tenants/ID/durations"): {"durations": NO_DURATIONS},
    ("PUT", "tenants/ID/deviation"): {"name": st.one_of(NO_STRING, WORD)},
}


@pytest.fixture(scope="module")
def open_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Account]]:
    with watched_simulator(tmp_path_factory.mktemp("bad_control")) as opener:
        yield opener


@pytest.fixture(scope="module")
def account(open_tenant: Callable[[], Account]) -> Account:
    return open_tenant()


@pytest.fixture
def peer(account: Account) -> Iterator[Peer]:
    before, tenants = account.show(), account.plane.get("/_simulator/tenants").json()
    peer = Peer(account.url)
    yield peer
    peer.close()
    assert account.show() == before
    assert account.plane.get("/_simulator/tenants").json() == tenants


def send(peer: Peer, pieces: tuple[bytes, ...]) -> Answer:
    try:
        peer.send(*pieces)
        answer = peer.answer()
        peer.expect_silence()
    except BaseException:
        peer.close()
        raise
    return answer


def check_sentence(answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer
    said = json.loads(answer.body)
    assert said.keys() == {"error"}, said
    assert isinstance(said["error"], str)
    assert said["error"].endswith("."), said


PLACES = st.sampled_from(list(READ))


def target(path: str, tenant_id: str) -> str:
    return f"/_simulator/{path.replace('ID', tenant_id)}"


def test_a_body_that_is_no_object_is_refused(account: Account, peer: Peer) -> None:
    @PLANE
    @given(st.data(), PLACES, NO_OBJECT, ODD_HEADERS)
    def refused(data: st.DataObject, place: tuple[str, str], body: bytes, odd: Any) -> None:
        start = head(place[0], target(place[1], account.id), odd)
        check_sentence(send(peer, framed(data.draw, start, body)), 422)

    refused()


def test_a_field_that_is_unknown_or_cannot_be_is_refused(account: Account, peer: Peer) -> None:
    @st.composite
    def wrong(draw: st.DrawFn) -> tuple[tuple[str, str], dict[str, Any]]:
        place = draw(PLACES)
        body = dict(READ[place])
        if draw(st.booleans()):
            name = draw(WORD)
            value = draw(st.one_of(st.none(), st.booleans(), WORD))
        else:
            name = draw(st.sampled_from(list(FIELDS[place])))
            value = draw(FIELDS[place][name])
        if place[1].endswith("faults"):
            return place, {"faults": [{"do": {"status": 500}, name: value}]}
        if place[1].endswith("clock") and name in FIELDS[place]:
            body = {}
        return place, {**body, name: value}

    @PLANE
    @given(wrong())
    def refused(case: tuple[tuple[str, str], dict[str, Any]]) -> None:
        place, body = case
        data = json.dumps(body).encode()
        start = head(place[0], target(place[1], account.id), ())
        check_sentence(send(peer, (start + b"content-length: %d\r\n\r\n" % len(data) + data,)), 422)

    refused()


def test_an_id_a_path_or_a_method_that_is_unknown_is_refused(account: Account, peer: Peer) -> None:
    known = {
        "tenants",
        "tenants/ID",
        "tenants/ID/clock",
        "tenants/ID/faults",
        "tenants/ID/deviation",
        "deviations",
        "health",
    }
    segment = st.one_of(WORD, st.sampled_from(["%00", "%ff", "..", "%2e%2e", "a" * 3000, "%zz", "é".encode().hex()]))

    @st.composite
    def lost(draw: st.DrawFn) -> tuple[str, str, tuple[int, ...]]:
        path = draw(st.sampled_from(sorted(known)))
        match draw(st.integers(0, 2)):
            case 0 if "ID" in path:
                method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
                return method, target(path, "none-" + draw(segment)), (404, 405)
            case 1:
                return draw(st.sampled_from(["PATCH", "OPTIONS", "PROPFIND"])), target(path, account.id), (405,)
            case _:
                return "GET", target(path, account.id) + "/zz/" + draw(segment), (404,)

    @PLANE
    @given(lost())
    def refused(case: tuple[str, str, tuple[int, ...]]) -> None:
        method, path, statuses = case
        check_sentence(send(peer, (head(method, path, ()) + b"content-length: 2\r\n\r\n{}",)), *statuses)

    refused()


@pytest.mark.parametrize(
    "data",
    [
        b"content-length: 10\r\n\r\n{}",
        b"transfer-encoding: chunked\r\n\r\n5\r\n{}",
        b"transfer-encoding: chunked\r\n\r\nx\r\n",
        b"no colon\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_a_sentence(account: Account, peer: Peer, data: bytes) -> None:
    peer.send(head("POST", "/_simulator/tenants", ()) + data)
    peer.end()
    check_sentence(peer.answer(), 400)
    peer.expect_end()
