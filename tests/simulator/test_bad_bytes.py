"""Bad bytes: whatever comes, each provider answers in its own envelope, never with a 500, and goes on serving.

Every request is composed by hypothesis and goes over a raw socket, so that no client mends it; a failure is reported with
the smallest request that shows it. `TOUCHSTONE_BAD_REQUESTS` says how many are sent to the three providers together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from tests.simulator.account import Account
from tests.simulator.bad_parts import ROUTES, Bad, Sender
from tests.simulator.bad_requests import bad_requests
from tests.simulator.bad_wire import Peer, fault_in_envelope, in_flight, watched_simulator

REQUESTS = int(os.environ.get("TOUCHSTONE_BAD_REQUESTS", "10000"))


@pytest.fixture(scope="module")
def open_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Account]]:
    with watched_simulator(tmp_path_factory.mktemp("bad_bytes")) as opener:
        yield opener


def check(peer: Peer, sender: Sender, bad: Bad) -> None:
    """Send it; its answer is the refusal that it must get; the next request is served."""
    try:
        peer.send(*bad.pieces)
        if bad.client_ends:
            peer.end()
        answer = peer.answer(has_body=bad.has_body)
        assert answer.status in bad.statuses, (bad.why, answer)
        if bad.has_body:
            fault = fault_in_envelope(bad.provider, answer.status, answer.body)
            assert fault is None, (fault, answer)
        if bad.rest_refused:
            rest = peer.answer()
            assert rest.status == 400, rest
        if bad.server_ends:
            peer.expect_end()
        assert peer.ask(sender.good()).status == 200
    except BaseException:
        peer.close()
        raise


@pytest.mark.parametrize("provider", list(ROUTES))
def test_malformed_requests_get_the_providers_own_refusal(provider: str, open_tenant: Callable[[], Account]) -> None:
    account = open_tenant()
    sender, peer = Sender(provider, account.keys[provider]), Peer(account.url)
    sent = 0

    @settings(
        max_examples=-(-REQUESTS // len(ROUTES)),
        derandomize=True,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(bad_requests(sender))
    def refused(bad: Bad) -> None:
        nonlocal sent
        sent += 1
        check(peer, sender, bad)

    try:
        refused()
    finally:
        peer.close()
    assert sent >= REQUESTS // len(ROUTES)
    assert in_flight(account) == 0
    assert account.inventory() == {}
