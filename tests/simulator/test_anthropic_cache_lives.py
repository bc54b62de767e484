"""How long Anthropic's prompt cache keeps a prefix, and from what length on it takes one (provider-facts 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from support.catalogue.models import model_named
from support.values import Provider
from tests.simulator.account import Account
from tests.simulator.claude_prompts import (
    HOUR,
    MANUAL,
    MARK,
    MODEL,
    Tokens,
    answer,
    asked,
    counted,
    of,
    text,
    tokens,
    user,
)


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def test_a_use_gives_another_five_minutes(wire: httpx.Client, tenant: Account) -> None:
    written = tokens(wire, asked()).written
    for _ in range(2):
        tenant.advance(240)
        assert tokens(wire, asked())[1:] == (0, written)
    tenant.advance(301)
    assert tokens(wire, asked())[1:] == (written, 0)
    tenant.advance(299)
    assert tokens(wire, asked()).read == written


def test_an_entry_is_there_until_its_last_second(open_tenant: Callable[..., Account]) -> None:
    instant = {f"chat.{kind}": 0 for kind in ("request", "uncached_token", "cached_token", "output_token")}
    tenant = open_tenant(durations=instant)
    with tenant.client("Anthropic") as wire:
        written = tokens(wire, asked()).written
        tenant.advance(299.9)
        assert tokens(wire, asked()).read == written
        tenant.advance(300)
        assert tokens(wire, asked()).read == 0


def test_an_hour_lasts_an_hour_from_the_last_use(wire: httpx.Client, tenant: Account) -> None:
    body = asked(system=[text(MANUAL, HOUR)])
    usage = answer(wire, body)["usage"]
    written = usage["cache_creation_input_tokens"]
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": written}
    for _ in range(2):
        tenant.advance(3500)
        assert tokens(wire, body)[1:] == (0, written)
    tenant.advance(3601)
    assert tokens(wire, body)[1:] == (written, 0)


def test_an_hour_and_five_minutes_are_counted_apart_and_end_apart(wire: httpx.Client, tenant: Account) -> None:
    body = asked(system=[text(MANUAL, HOUR)], messages=[user(text(MANUAL, MARK))])
    usage = answer(wire, body)["usage"]
    hour, short = (
        usage["cache_creation"]["ephemeral_1h_input_tokens"],
        usage["cache_creation"]["ephemeral_5m_input_tokens"],
    )
    assert min(hour, short) > 1024
    assert hour + short == usage["cache_creation_input_tokens"]
    read = answer(wire, body)["usage"]
    assert of(read)[1:] == (0, hour + short)
    assert read["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    tenant.advance(600)
    again = answer(wire, body)["usage"]
    assert of(again)[1:] == (short, hour)
    assert again["cache_creation"] == {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": 0}


def test_a_longer_prefix_keeps_the_marked_shorter_one_alive(wire: httpx.Client, tenant: Account) -> None:
    system = tokens(wire, asked()).written
    longer = asked(messages=[user(text("Answer exactly: pong", MARK))])
    for _ in range(2):
        tokens(wire, longer)
        tenant.advance(200)
    assert tokens(wire, asked(messages=[user("Answer exactly: ping")])).read == system


def test_what_is_found_before_a_mark_lives_on(wire: httpx.Client, tenant: Account) -> None:
    written = tokens(wire, asked()).written
    tenant.advance(200)
    longer = asked(system=[text(MANUAL)], messages=[user(text("Answer exactly: pong", MARK))])
    assert tokens(wire, longer).read == written
    tenant.advance(200)
    assert tokens(wire, asked(messages=[user("Answer exactly: ping")])).read == written


def test_an_expired_prefix_is_written_again_up_to_the_shorter_one_that_is_left(
    wire: httpx.Client, tenant: Account
) -> None:
    longer = asked(messages=[user(text(MANUAL, MARK))])
    written = tokens(wire, longer).written
    tenant.advance(200)
    system = tokens(wire, asked()).read
    tenant.advance(200)
    assert tokens(wire, longer)[1:] == (written - system, system)


def test_what_an_hour_finds_stays_what_it_was(wire: httpx.Client, tenant: Account) -> None:
    written = tokens(wire, asked()).written
    hour = asked(system=[text(MANUAL, HOUR)])
    assert tokens(wire, hour)[1:] == (0, written)
    tenant.advance(301)
    assert tokens(wire, hour)[1:] == (written, 0)
    tenant.advance(301)
    assert tokens(wire, asked())[1:] == (0, written)


def sized(wire: httpx.Client, model: str, wanted: int) -> dict[str, Any]:
    """A question whose only block ends a prefix of so many tokens, and is marked."""
    words = "a " * (wanted - 20)
    while True:
        body = {"model": model, "max_tokens": 5, "messages": [user(text(words, MARK))]}
        missing = wanted + 3 - counted(wire, body)
        if missing <= 0:
            assert missing == 0
            return body
        words += "a " * missing


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-opus-5", 512),
        ("claude-fable-5", 512),
        ("claude-mythos-5", 512),
        ("claude-haiku-5-5", 1024),
        ("claude-sonnet-5-5", 1024),
        ("claude-opus-5-5", 1024),
        ("claude-sonnet-5", 1024),
        ("claude-opus-4-8", 1024),
        ("claude-sonnet-4-6", 1024),
        ("claude-haiku-4-5", 4096),
        ("claude-opus-4-5", 4096),
        ("claude-opus-4-6", 4096),
    ],
)
def test_a_prefix_is_cached_from_the_minimum_of_its_model_on(wire: httpx.Client, model: str, least: int) -> None:
    assert tokens(wire, sized(wire, model, least - 1)) == Tokens(least + 2, 0, 0)
    assert tokens(wire, sized(wire, model, least)) == Tokens(3, least, 0)


def test_the_minimum_of_the_suites_model_is_the_one_of_its_catalogue(wire: httpx.Client) -> None:
    known = model_named(Provider.ANTHROPIC, MODEL)
    assert known is not None
    least = known.cache_minimum_tokens
    assert least is not None
    assert tokens(wire, sized(wire, MODEL, least)).written == least
    assert tokens(wire, sized(wire, MODEL, least - 1)).written == 0


def test_a_mark_under_the_minimum_is_passed_over_beside_one_above(wire: httpx.Client) -> None:
    body = asked(system=[text("Be brief.", HOUR), text(MANUAL, MARK)])
    usage = answer(wire, body)["usage"]
    assert usage["cache_creation"]["ephemeral_1h_input_tokens"] == 0
    assert of(usage).written > 1024
