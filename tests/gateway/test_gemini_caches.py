"""Gemini's caches through the gateway, against the running simulator: their life, their lists, unclear ends, refusals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.errors import (
    AuthenticationFailed,
    BadResponse,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ServerError,
    TouchstoneError,
)
from support.gateway.gemini.gateway import GeminiGateway
from support.values import CachedContext, CacheReference, Message, Provider, Usage
from tests.gateway.conftest import ATTEMPTS, Bench

pytestmark = pytest.mark.anyio

MODEL = "gemini-3.5-flash-lite"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MANUAL = (Message(role="user", text=" ".join(["word"] * 1200)),)
UNKNOWN = "cachedContents/none-of-these"


@pytest.fixture
def gateway(bench: Bench) -> GeminiGateway:
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)


async def keep(gateway: GeminiGateway, **asked: Any) -> CachedContext:
    return await gateway.caches.create(**{"model": MODEL, "messages": MANUAL, **asked})


async def listed(gateway: GeminiGateway, page_size: int | None = None) -> list[CachedContext]:
    return [cache async for cache in gateway.caches.list(page_size=page_size)]


def served(bench: Bench, operation: str) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"Gemini {operation}", 0))


# Creating and reading ---------------------------------------------------------------------------------------------------


async def test_a_cache_is_reported_as_it_was_asked_for(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway, system="Be brief.", name="the manual ~ß", ttl=10 * MINUTE)
    assert (cache.name, cache.model, cache.provider) == ("the manual ~ß", MODEL, Provider.GEMINI)
    assert (cache.created_at, cache.updated_at, cache.expires_at) == (NOW, NOW, NOW + 10 * MINUTE)
    assert cache.tokens == await gateway.tokens.count(MANUAL, model=MODEL, system="Be brief.")
    [(provider, kind, marker)] = bench.register.intended
    assert (provider, kind, cache.sent_name) == (Provider.GEMINI, "cached_context", f"{marker}the manual ~ß")
    assert cache.raw["displayName"] == cache.sent_name
    assert bench.register.confirmed == {0: cache.id}
    assert bench.tenant.state()["inventory"] == {"Gemini": {"cachedContents": [cache.id]}}
    assert await gateway.caches.get(cache.id) == cache
    assert await listed(gateway) == [cache]


async def test_what_is_sent_is_the_whole_context_once(bench: Bench, gateway: GeminiGateway) -> None:
    await keep(gateway, system="Be brief.", ttl="90.5s")
    [exchange] = bench.wire.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1beta/cachedContents")
    sent = exchange.request.json()
    assert sent.pop("displayName").startswith("ts-tests-")
    assert sent == {
        "model": f"models/{MODEL}",
        "ttl": "90.5s",
        "contents": [{"role": "user", "parts": [{"text": MANUAL[0].text}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
    }


async def test_a_system_prompt_alone_can_be_kept(gateway: GeminiGateway) -> None:
    cache = await keep(gateway, messages=(), system=MANUAL[0].text)
    assert cache.tokens >= 1024


@pytest.mark.parametrize(
    ("asked", "lives"),
    [
        ({}, timedelta(hours=1)),
        ({"ttl": timedelta(seconds=90, milliseconds=500)}, timedelta(seconds=90, milliseconds=500)),
        ({"ttl": "120s"}, 2 * MINUTE),
        ({"expires_at": NOW + timedelta(days=3)}, timedelta(days=3)),
        ({"expires_at": datetime.fromisoformat("2026-11-23T15:00:00+05:30")}, 30 * MINUTE),
    ],
)
async def test_it_lives_as_long_as_was_said(gateway: GeminiGateway, asked: dict[str, Any], lives: timedelta) -> None:
    cache = await keep(gateway, **asked)
    assert cache.expires_at == NOW + lives
    assert (cache.remaining(NOW), cache.remaining(NOW + lives + MINUTE)) == (lives, timedelta())


async def test_a_cache_is_gone_at_its_end_and_not_before(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway, ttl=MINUTE)
    bench.tenant.advance(59)
    assert await gateway.caches.get(cache.id) == cache
    bench.tenant.advance(1)
    for call in (gateway.caches.get, gateway.caches.delete, lambda id: gateway.caches.update(id, ttl=MINUTE)):
        with pytest.raises(NotFound) as gone:
            await call(cache.id)
        assert cache.id in gone.value.message
    assert await listed(gateway) == []


async def test_a_question_reads_the_cache_and_not_its_text(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway)
    asked = (Message(role="user", text="Answer exactly: yes"),)
    answer = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=50, cache=CacheReference(cache_id=cache.id))
    assert (answer.text, answer.cached, answer.usage.cache_read_tokens) == ("yes", True, cache.tokens)
    assert answer.usage.uncached_input_tokens == await gateway.tokens.count(asked, model=MODEL)
    sent = bench.wire.exchanges[1].request
    assert sent.json()["cachedContent"] == cache.id
    assert MANUAL[0].text.encode() not in bytes(sent.kept)


# Lists ------------------------------------------------------------------------------------------------------------------


async def test_pages_follow_each_other_and_each_is_fetched_once(bench: Bench, gateway: GeminiGateway) -> None:
    made = [await keep(gateway, name=f"edition {number}") for number in range(5)]
    assert await listed(gateway, page_size=2) == made[::-1]
    assert served(bench, "caches.list") == 3
    page = await gateway.caches.list_page(limit=3)
    assert (len(page.caches), page.next_cursor is None) == (3, False)
    last = await gateway.caches.list_page(limit=3, cursor=page.next_cursor)
    assert (last.caches, last.next_cursor) == ((made[1], made[0]), None)


async def test_a_page_that_was_never_announced_is_refused(gateway: GeminiGateway) -> None:
    with pytest.raises(InvalidRequest):
        await gateway.caches.list_page(cursor="garbage")


# Changing and deleting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"ttl": timedelta(hours=2)}, timedelta(hours=2)),
        ({"ttl": "30s"}, timedelta(seconds=30)),
        ({"expires_at": NOW + timedelta(hours=1)}, timedelta(hours=1) - timedelta(seconds=100)),
    ],
)
async def test_an_update_counts_from_now_and_moves_the_end_alone(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any], left: timedelta
) -> None:
    cache = await keep(gateway, name="n", ttl=10 * MINUTE)
    bench.tenant.advance(100)
    later = NOW + timedelta(seconds=100)
    changed = await gateway.caches.update(cache.id, **asked)
    assert (changed.updated_at, changed.expires_at, changed.remaining(later)) == (later, later + left, left)
    moved = {"updated_at": changed.updated_at, "expires_at": changed.expires_at, "raw": changed.raw}
    assert changed == cache.model_copy(update=moved)
    assert await gateway.caches.get(cache.id) == changed


@pytest.mark.parametrize("field", ["model", "contents", "system", "name", "display_name"])
async def test_nothing_else_can_change_and_nothing_is_sent(bench: Bench, gateway: GeminiGateway, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.caches.update(UNKNOWN, ttl=MINUTE, **{field: "other"})
    assert (refused.value.param, refused.value.status) == (field, None)
    assert bench.wire.exchanges == []
    assert bench.purse.reserved == []


async def test_a_deleted_cache_is_gone_and_another_is_not(bench: Bench, gateway: GeminiGateway) -> None:
    gone, left = await keep(gateway), await keep(gateway)
    deletion = await gateway.caches.delete(gone.id)
    assert (deletion.provider, deletion.id) == (Provider.GEMINI, gone.id)
    assert bench.register.removals == [(Provider.GEMINI, "cached_context", gone.id)]
    with pytest.raises(NotFound) as missing:
        await gateway.caches.delete(gone.id)
    assert gone.id in missing.value.message
    assert await listed(gateway) == [left]


async def test_a_deletion_that_worked_unseen_is_confirmed(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway)
    bench.tenant.faults({"operation": "caches.delete", "when": "after", "do": {"cut": True}})
    assert (await gateway.caches.delete(cache.id)).id == cache.id
    assert await listed(gateway) == []


# Unclear ends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [{"cut": True}, {"status": 500}])
async def test_a_creation_whose_answer_was_lost_leaves_no_second_cache(
    bench: Bench, gateway: GeminiGateway, trouble: dict[str, Any]
) -> None:
    bench.tenant.faults({"operation": "caches.create", "when": "after", "do": trouble})
    cache = await keep(gateway)
    assert bench.register.confirmed == {0: cache.id}
    assert bench.tenant.state()["inventory"] == {"Gemini": {"cachedContents": [cache.id]}}
    assert served(bench, "caches.create") == 1


async def test_an_answer_that_cannot_be_read_leaves_the_intent_and_the_reservation(
    bench: Bench, gateway: GeminiGateway
) -> None:
    bench.tenant.faults({"operation": "caches.create", "when": "after", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await keep(gateway)
    assert (bench.register.refusals, bench.register.confirmed, bench.purse.kept) == ([], {}, 1)
    assert served(bench, "caches.create") == 1


async def test_a_creation_that_was_cut_before_it_took_effect_is_made_once(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "caches.create", "do": {"cut": True}})
    cache = await keep(gateway)
    assert bench.tenant.state()["inventory"] == {"Gemini": {"cachedContents": [cache.id]}}
    assert (served(bench, "caches.create"), served(bench, "caches.list")) == (2, 1)


async def test_the_one_that_is_found_is_the_one_that_was_made(bench: Bench, gateway: GeminiGateway) -> None:
    earlier = await keep(gateway, name="same name")
    bench.tenant.faults({"operation": "caches.create", "when": "after", "do": {"cut": True}})
    found = await keep(gateway, name="same name")
    assert found.id != earlier.id
    assert {cache.id for cache in await listed(gateway)} == {earlier.id, found.id}


async def test_a_deletion_that_keeps_failing_is_told(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway)
    bench.tenant.faults({"operation": "caches.delete", "times": 99, "do": {"status": 500}})
    with pytest.raises(ServerError):
        await gateway.caches.delete(cache.id)
    assert served(bench, "caches.delete") == ATTEMPTS
    assert bench.register.removals == []
    assert await gateway.caches.get(cache.id) == cache


# Refusals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"ttl": MINUTE, "expires_at": NOW + MINUTE}, "ttl"),
        ({"ttl": "1 hour"}, "ttl"),
        ({"ttl": "0s"}, "ttl"),
        ({"ttl": -MINUTE}, "ttl"),
        ({"ttl": "9" * 30 + "s"}, "ttl"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW - MINUTE}, "expires_at"),
        ({"expires_at": (NOW + MINUTE).replace(tzinfo=None)}, "expires_at"),
        ({"messages": ()}, "contents"),
        ({"messages": (), "system": ""}, "contents"),
    ],
)
async def test_what_cannot_be_right_is_refused_by_name_and_not_sent(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await keep(gateway, **asked)
    assert (refused.value.param, refused.value.status, refused.value.sent) == (field, None, 0)
    assert (bench.wire.exchanges, bench.register.intended, bench.purse.reserved) == ([], [], [])


@pytest.mark.parametrize(
    "asked", [{}, {"ttl": "-5s"}, {"ttl": MINUTE, "expires_at": NOW + MINUTE}, {"expires_at": NOW}]
)
async def test_an_update_that_cannot_be_right_is_not_sent(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await gateway.caches.update(UNKNOWN, **asked)
    assert bench.wire.exchanges == []


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"model": "gemini-nonexistent"}, NotFound, "models/gemini-nonexistent"),
        ({"messages": (Message(role="user", text="Too little."),)}, InvalidRequest, "min_total_token_count=1024"),
    ],
)
async def test_what_the_provider_refuses_leaves_nothing_behind(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any], kind: type[TouchstoneError], said: str
) -> None:
    with pytest.raises(kind) as refused:
        await keep(gateway, **asked)
    assert said in refused.value.message
    assert refused.value.sent == 1
    assert (bench.register.refusals, bench.purse.released, bench.purse.kept) == ([0], 1, 0)
    assert bench.tenant.state()["inventory"] == {}


async def test_a_cache_that_never_was_is_not_found_by_its_name_at_the_first_try(
    bench: Bench, gateway: GeminiGateway
) -> None:
    question = (Message(role="user", text="Hello"),)
    calls = {
        "get": gateway.caches.get(UNKNOWN),
        "update": gateway.caches.update(UNKNOWN, ttl=MINUTE),
        "delete": gateway.caches.delete(UNKNOWN),
        "ask": gateway.chat.ask(question, model=MODEL, max_output_tokens=9, cache=CacheReference(cache_id=UNKNOWN)),
    }
    for call in calls.values():
        with pytest.raises(NotFound) as missing:
            await call
        assert UNKNOWN in missing.value.message
        assert UNKNOWN in str(missing.value)
        assert (missing.value.status, missing.value.sent) == (403, 1)
        assert missing.value.provider_message == "CachedContent not found (or permission denied)"
    stream = gateway.chat.stream(question, model=MODEL, max_output_tokens=9, cache=CacheReference(cache_id=UNKNOWN))
    with pytest.raises(NotFound) as missing:
        _ = [piece async for piece in stream]
    assert UNKNOWN in missing.value.message
    assert len(bench.wire.exchanges) == 5


async def test_no_cache_no_permission_and_no_key_are_told_apart(bench: Bench, gateway: GeminiGateway) -> None:
    with pytest.raises(NotFound):
        await gateway.caches.get(UNKNOWN)
    bench.tenant.faults({"operation": "caches.get", "do": {"status": 403}})
    with pytest.raises(PermissionDenied):
        await gateway.caches.get(UNKNOWN)
    stranger = GeminiGateway(bench.endpoint(Provider.GEMINI, key="AIzaWrong0123456789"), bench.http, bench.choke)
    with pytest.raises(AuthenticationFailed):
        await stranger.caches.get(UNKNOWN)


async def test_another_tenants_cache_is_not_found(bench: Bench, gateway: GeminiGateway) -> None:
    cache = await keep(gateway)
    key = "sim-a-stranger-to-that-cache"
    stranger = GeminiGateway(bench.endpoint(Provider.GEMINI, key=key), bench.http, bench.choke)
    with pytest.raises(NotFound):
        await stranger.caches.get(cache.id)
    assert await listed(stranger) == []


# Money, as the choke point is told --------------------------------------------------------------------------------------


async def test_a_cache_is_reserved_with_its_tokens_and_its_time_and_stays_so(
    bench: Bench, gateway: GeminiGateway
) -> None:
    cache = await keep(gateway, ttl=10 * MINUTE)
    [operation] = bench.purse.reserved
    assert operation.bound is not None
    assert (operation.bound.kept_for, operation.bound.output_tokens) == (10 * MINUTE, 0)
    assert operation.bound.input_tokens >= cache.tokens
    assert (bench.purse.kept, bench.purse.settled, bench.purse.settled_kept) == (1, [], [])
    bench.tenant.advance(120)
    await gateway.caches.delete(cache.id)
    [(usage, kept)] = bench.purse.settled_kept
    assert usage == Usage(cache_write_5m_tokens=cache.tokens)
    assert (kept.tokens, kept.time) == (cache.tokens, 2 * MINUTE)


async def test_the_providers_own_count_is_asked_where_the_local_bound_is_too_high(
    bench: Bench, gateway: GeminiGateway
) -> None:
    bench.purse.cap_input_tokens = 1500
    cache = await keep(gateway, system="Be brief.")
    assert bench.purse.counted == [cache.tokens]
