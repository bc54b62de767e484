"""How long a model takes is simulated time: it moves a clock that stands still, and the provider's own header tells it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from support.simulator import latency
from support.simulator.clock import LATEST
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
