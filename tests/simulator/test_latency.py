"""How long a model takes is simulated time: it moves a clock that stands still, and the provider's own header tells it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from support.simulator import latency
from support.simulator.clock import LATEST
from support.simulator.overlap import TOGETHER
from tests.simulator.account import Account
from tests.simulator.provider_files import PROVIDERS, FilesOf

every_provider = pytest.mark.parametrize("provider", PROVIDERS)
PLAIN = {"chat.request": 2.0, "chat.uncached_token": 0.0, "chat.cached_token": 0.0, "chat.output_token": 0.0}
"""Two seconds for every answer."""


def ask(http: httpx.Client, provider: str, text: str = "Answer exactly: yes", stream: bool = False) -> httpx.Response:
    said = [{"role": "user", "content": text}]
    if provider == "OpenAI":
        return http.post("/v1/chat/completions", json={"model": "gpt-4.1", "messages": said, "stream": stream})
    if provider == "Anthropic":
        return http.post(
            "/v1/messages",
            json={"model": "claude-haiku-5-5", "max_tokens": 500, "messages": said, "stream": stream},
        )
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    contents = [{"role": "user", "parts": [{"text": text}]}]
    return http.post(f"/v1beta/models/gemini-3.5-flash-lite:{method}", json={"contents": contents})


def told(answer: httpx.Response) -> float:
    """Seconds, by the provider's own header (recordings: all three)."""
    millis = answer.headers.get("openai-processing-ms") or re.findall(r"dur=(\d+)", answer.headers["server-timing"])[0]
    return int(millis) / 1000


def clock(account: Account) -> datetime:
    return datetime.fromisoformat(account.now())


def passed(account: Account, since: datetime) -> float:
    return (clock(account) - since).total_seconds()


# One answer -------------------------------------------------------------------------------------------------------------


@every_provider
@pytest.mark.parametrize("stream", [False, True])
def test_a_clock_that_stands_still_is_moved_by_it_and_the_header_tells_it(
    open_tenant: Callable[..., Account], provider: str, stream: bool
) -> None:
    account = open_tenant(durations=PLAIN)
    began, really = clock(account), time.monotonic()
    with account.client(provider) as http:
        answer = ask(http, provider, stream=stream).raise_for_status()
    assert (passed(account, began), told(answer)) == (2.0, 2.0)
    assert time.monotonic() - really < 1, "nobody sleeps"


@every_provider
def test_answers_one_after_another_add_up(open_tenant: Callable[..., Account], provider: str) -> None:
    account = open_tenant(durations=PLAIN)
    began = clock(account)
    with account.client(provider) as http:
        for number in (1, 2, 3):
            ask(http, provider).raise_for_status()
            assert passed(account, began) == 2.0 * number


@every_provider
def test_more_to_read_and_more_to_say_take_longer(open_tenant: Callable[..., Account], provider: str) -> None:
    usual = {**latency.USUAL, "chat.request": 0.0}
    by_reading = open_tenant(durations={**usual, "chat.output_token": 0.0})
    by_saying = open_tenant(durations={**usual, "chat.uncached_token": 0.0, "chat.cached_token": 0.0})
    with by_reading.client(provider) as http:
        short, long = (told(ask(http, provider, "word " * count)) for count in (100, 2100))
        # Anthropic and OpenAI put a few tokens around each message.
        assert long - short == pytest.approx(0.2, abs=0.001)
    with by_saying.client(provider) as http:
        one, ten = (told(ask(http, provider, f"Answer exactly: {' '.join(['yes'] * count)}")) for count in (1, 11))
        assert ten - one == pytest.approx(0.05, abs=0.001)


@every_provider
def test_a_tenant_that_sets_nothing_has_the_usual_figures(tenant: Account, provider: str) -> None:
    began = clock(tenant)
    with tenant.client(provider) as http:
        answer = ask(http, provider)
    assert told(answer) == pytest.approx(passed(tenant, began), abs=0.001)
    assert told(answer) > latency.USUAL["chat.request"]


def test_the_model_adds_up_its_parts() -> None:
    parts = {"chat.request": 1.0, "chat.uncached_token": 0.1, "chat.cached_token": 0.01, "chat.output_token": 10.0}
    assert latency.seconds(parts, uncached=3, cached=5, output=2) == pytest.approx(21.35)
    usual = latency.seconds({"chat.request": 1.0}, uncached=1000)
    assert usual == pytest.approx(1.0 + 1000 * latency.USUAL["chat.uncached_token"])
    assert latency.USUAL["chat.cached_token"] < latency.USUAL["chat.uncached_token"]


# Several at once --------------------------------------------------------------------------------------------------------


@every_provider
def test_answers_that_are_under_way_together_end_together(open_tenant: Callable[..., Account], provider: str) -> None:
    account = open_tenant(durations=PLAIN)
    began = clock(account)
    account.script({"operation": "chat.create", "do": {"hold_until": 4, "at_most_ms": 3000}})
    with account.client(provider) as http, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(http, provider), range(4)))
    assert account.show()["requests"]["peak_in_flight"] == 4
    assert [told(answer) for answer in answers] == [2.0] * 4
    assert passed(account, began) == 2.0


def test_of_answers_under_way_together_the_longest_counts(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations={**PLAIN, "chat.output_token": 1.0})
    began = clock(account)
    account.script({"operation": "chat.create", "do": {"hold_until": 3, "at_most_ms": 3000}})
    sayings = [f"Answer exactly: {' '.join(['yes'] * count)}" for count in (1, 9, 4)]
    with account.client("Gemini") as http, ThreadPoolExecutor(3) as pool:
        times = [told(answer) for answer in pool.map(lambda text: ask(http, "Gemini", text), sayings)]
    assert len(set(times)) == 3
    assert passed(account, began) == max(times)


# Clocks that are not moved ----------------------------------------------------------------------------------------------


@every_provider
def test_a_running_clock_does_not_jump_and_the_header_tells_it_all_the_same(
    open_tenant: Callable[..., Account], provider: str
) -> None:
    account = open_tenant(speed=1, durations={**PLAIN, "chat.request": 3600.0})
    began = clock(account)
    with account.client(provider) as http:
        assert told(ask(http, provider)) == 3600.0
    assert passed(account, began) < 60


@every_provider
def test_what_no_model_answers_takes_no_time(open_tenant: Callable[..., Account], provider: str) -> None:
    account = open_tenant(durations=PLAIN)
    began = clock(account)
    with account.client(provider) as http:
        files = FilesOf(provider, http)
        files.delete(files.store("a.txt", b"1").id).raise_for_status()
        account.script({"operation": "chat.create", "do": {"status": 500}})
        assert ask(http, provider).status_code == 500
        assert ask(http, provider, "word " * 4_000_000).status_code in (400, 413)
    assert clock(account) == began


@every_provider
def test_a_time_beyond_all_clocks_leaves_the_clock_and_the_answer_alone(
    open_tenant: Callable[..., Account], provider: str
) -> None:
    account = open_tenant(durations={**PLAIN, "chat.uncached_token": 1e9})
    began = clock(account)
    with account.client(provider) as http:
        answer = ask(http, provider, "word " * 5000)
    assert answer.status_code == 200
    assert told(answer) > (LATEST - began).total_seconds()
    assert clock(account) == began


def test_a_tenants_time_is_its_own(open_tenant: Callable[..., Account]) -> None:
    slow, other = open_tenant(durations=PLAIN), open_tenant()
    began = clock(other)
    with slow.client("OpenAI") as http:
        ask(http, "OpenAI").raise_for_status()
    assert clock(other) == began


# Several at once, without a wait -----------------------------------------------------------------------------------------

QUICK = {**PLAIN, "chat.request": 0.2}
EIGHT = range(8)


def volley(account: Account, rounds: int) -> list[float]:
    """Seconds on the clock of each of so many rounds of eight requests that are sent together, by one client."""

    async def send() -> list[float]:
        body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Answer exactly: yes"}]}
        took = []
        headers = account.headers("OpenAI")
        async with httpx.AsyncClient(base_url=account.url, headers=headers, timeout=10, trust_env=False) as http:
            for _ in range(rounds):
                began = clock(account)
                for answer in await asyncio.gather(*(http.post("/v1/chat/completions", json=body) for _ in EIGHT)):
                    answer.raise_for_status()
                took.append(passed(account, began))
        return took

    return asyncio.run(send())


def test_requests_that_are_sent_together_end_together(open_tenant: Callable[..., Account]) -> None:
    """A machine with much to do may keep a client waiting between two of them: not each time, and never for all."""
    took = volley(open_tenant(durations=QUICK), 12)
    assert min(took) == 0.2
    assert sorted(took)[len(took) // 2] < 1.0, "one after the other they would take 1.6"


def test_requests_on_two_connections_one_after_the_other_add_up(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations=QUICK)
    began = clock(account)
    with account.client("OpenAI") as first, account.client("Anthropic") as second, account.client("OpenAI") as third:
        for number in range(1, 5):
            for http, provider in ((first, "OpenAI"), (second, "Anthropic"), (third, "OpenAI")):
                ask(http, provider).raise_for_status()
            assert passed(account, began) == pytest.approx(0.6 * number)


def test_after_requests_that_were_sent_together_those_that_follow_add_up(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations=QUICK)
    with account.client("OpenAI") as http, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask(http, "OpenAI"), EIGHT))
        for _ in range(4):
            began = clock(account)
            ask(http, "OpenAI").raise_for_status()
            assert passed(account, began) == pytest.approx(0.2)


def test_each_of_several_workers_takes_its_requests_one_after_the_other(open_tenant: Callable[..., Account]) -> None:
    """Four workers with three requests each take no less than three, and less than twelve."""
    account = open_tenant(durations=QUICK)
    began = clock(account)

    def work(_: int) -> None:
        with account.client("OpenAI") as http:
            for _ in range(3):
                ask(http, "OpenAI").raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert 0.6 <= round(passed(account, began), 3) < 2.4


def test_a_clock_that_is_moved_meanwhile_is_not_forgotten(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations=QUICK)
    began = clock(account)
    account.script({"operation": "chat.create", "do": {"delay_ms": 100}})
    with account.client("OpenAI") as http, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, http, "OpenAI")
        while not account.show()["requests"]["in_flight"]:
            time.sleep(0.001)
        account.advance(60)
        ask(http, "OpenAI").raise_for_status()
        assert passed(account, began) == pytest.approx(60.2)
        slow.result().raise_for_status()
    assert passed(account, began) == pytest.approx(60.2), "it does not go back"


def test_one_client_that_waits_for_each_answer_is_not_kept_waiting(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations=QUICK)
    with account.client("OpenAI") as http:
        times = []
        for _ in range(50):
            began = time.monotonic()
            ask(http, "OpenAI").raise_for_status()
            times.append(time.monotonic() - began)
    assert min(times) < TOGETHER
