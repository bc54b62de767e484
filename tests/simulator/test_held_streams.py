"""A fault that holds the tail of a stream: the first half of an answer's events is there long before the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.openai_assistants import BEFORE

HELD = 0.4
ASKED = [{"role": "user", "content": "Count from 1 to 30."}]
CHATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "OpenAI chat": ("OpenAI", "/v1/chat/completions", {"model": "gpt-4o", "messages": ASKED, "stream": True}),
    "OpenAI response": (
        "OpenAI",
        "/v1/responses",
        {"model": "gpt-4o", "input": "Count from 1 to 30.", "stream": True},
    ),
    "Anthropic": (
        "Anthropic",
        "/v1/messages",
        {"model": "claude-haiku-5-5", "messages": ASKED, "max_tokens": 200, "stream": True},
    ),
    "Gemini": (
        "Gemini",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Count from 1 to 30."}]}]},
    ),
}


def timed(client: httpx.Client, path: str, body: dict[str, Any], **headers: str) -> tuple[float, float, str, str]:
    """Seconds until the first bytes and until the last, what came before the longest pause, and all that came."""
    pieces: list[tuple[float, str]] = []
    started = time.monotonic()
    with client.stream("POST", path, json=body, headers=headers) as answer:
        assert answer.status_code == 200
        pieces.extend((time.monotonic() - started, piece) for piece in answer.iter_text())
    times = [at for at, _ in pieces]
    pause = max(range(1, len(times)), key=lambda number: times[number] - times[number - 1]) if len(times) > 1 else 0
    return times[0], times[-1], "".join(piece for _, piece in pieces[:pause]), "".join(piece for _, piece in pieces)


@pytest.mark.parametrize("who", CHATS)
def test_the_first_event_comes_before_the_wait(tenant: Account, who: str) -> None:
    provider, path, body = CHATS[who]
    with tenant.client(provider) as client:
        _, last, _, _ = timed(client, path, body)
        assert last < HELD
        tenant.script({"provider": provider, "do": {"hold_tail_ms": HELD * 1000}})
        first, last, before, every = timed(client, path, body)
        assert first < HELD / 2
        assert last - first >= HELD * 0.9
        half = every.count("data: ") // 2
        assert before.count("data: ") == half > 1
        assert tenant.show()["faults_left"] == 0
        assert timed(client, path, body)[1] < HELD


def test_a_run_too(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(now=BEFORE)
    headers = {"openai-beta": "assistants=v2"}
    with tenant.client("OpenAI") as client:
        made = client.post("/v1/assistants", json={"model": "gpt-4o"}, headers=headers).raise_for_status().json()
        tenant.script({"operation": "runs.create_with_thread", "do": {"hold_tail_ms": HELD * 1000}})
        body = {"assistant_id": made["id"], "thread": {"messages": ASKED}, "stream": True}
        first, last, before, every = timed(client, "/v1/threads/runs", body, **headers)
    assert first < HELD / 2
    assert last - first >= HELD * 0.9
    assert "thread.run.created" in before
    assert "thread.run.completed" not in before
    assert every.endswith("event: done\ndata: [DONE]\n\n")


def test_other_answers_are_not_held_and_what_follows_strikes(tenant: Account) -> None:
    tenant.script({"do": {"hold_tail_ms": 5000}}, {"skip": 1, "do": {"status": 500}})
    with tenant.client("OpenAI") as client:
        started = time.monotonic()
        assert client.get("/v1/files").status_code == 200
        assert client.get("/v1/files").status_code == 500
        assert time.monotonic() - started < 4


@pytest.mark.parametrize("wait", [-1, 600_001, "300", None])
def test_a_wait_that_makes_no_sense(tenant: Account, wait: Any) -> None:
    bad = {"faults": [{"do": {"hold_tail_ms": wait}}]}
    answer = tenant.plane.post(f"/_simulator/tenants/{tenant.id}/faults", json=bad)
    assert (answer.status_code, answer.json()["error"].startswith("hold_tail_ms: ")) == (422, True)


@pytest.mark.parametrize("count", [1, 10])
def test_the_end_of_an_answer_is_lost(tenant: Account, count: int) -> None:
    provider, path, body = CHATS["OpenAI chat"]
    end = "data: [DONE]\n\n"
    with tenant.client(provider) as client:
        assert timed(client, path, body)[3].endswith(end)
        tenant.script({"provider": provider, "do": {"lose_tail_bytes": count}})
        cut = timed(client, path, body)[3]
        assert cut.endswith(end[:-count])
        assert not cut.endswith(end)
        assert timed(client, path, body)[3].endswith(end)


@pytest.mark.parametrize("count", [0, 10_001, "1", None])
def test_an_end_that_makes_no_sense(tenant: Account, count: Any) -> None:
    bad = {"faults": [{"do": {"lose_tail_bytes": count}}]}
    answer = tenant.plane.post(f"/_simulator/tenants/{tenant.id}/faults", json=bad)
    assert (answer.status_code, answer.json()["error"].startswith("lose_tail_bytes: ")) == (422, True)
