"""The deviations of caching: all listed, and each misbehaves in its one way, says that it fired, and ends when it is switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.simulator import claude_prompts as claude
from tests.simulator.account import Account
from tests.simulator.gemini_cached import MINIMUM, PATH, create, lifetime, made, names, turn, wanting, words
from tests.simulator.gemini_calls import LITE, asking, said

GEMINI, OPENAI, ANTHROPIC = ["Gemini"], ["OpenAI"], ["Anthropic"]
EVERY = ["OpenAI", "Anthropic", "Gemini"]
CREATE, GET, LIST = "caches.create", "caches.get", "caches.list"
UPDATE, DELETE, ASK = "caches.update", "caches.delete", "chat.create"
TABLE = {
    "cache.create.ttl_ignored": ([CREATE], GEMINI),
    "cache.create.zero_tokens": ([CREATE, GET], GEMINI),
    "cache.create.accepts_unknown_model": ([CREATE], GEMINI),
    "cache.create.partial_on_error": ([CREATE], GEMINI),
    "cache.min.not_enforced": ([CREATE], GEMINI),
    "cache.min.off_by_one": ([CREATE], GEMINI),
    "cache.update.accepted_unchanged": ([CREATE, UPDATE], GEMINI),
    "cache.update.from_create_time": ([CREATE, UPDATE], GEMINI),
    "cache.update.not_persisted": ([UPDATE], GEMINI),
    "cache.update.no_shortening": ([CREATE, UPDATE], GEMINI),
    "cache.delete.ghost_listed": ([LIST, DELETE], GEMINI),
    "cache.delete.still_usable": ([ASK, DELETE], GEMINI),
    "cache.get.slides_expiry": ([GET], GEMINI),
    "cache.get.wrong_record": ([CREATE, GET], GEMINI),
    "cache.get.unknown_answers_empty_200": ([GET], GEMINI),
    "cache.list.token_loops": ([LIST], GEMINI),
    "cache.list.page_size_ignored": ([LIST], GEMINI),
    "cache.list.duplicates_across_pages": ([LIST], GEMINI),
    "cache.expiry.never": ([CREATE, GET, LIST, ASK], GEMINI),
    "cache.expiry.on_list_only": ([CREATE, GET], GEMINI),
    "cache.expiry.early": ([GET, LIST, ASK], GEMINI),
    "cache.openai.hit_on_first": ([ASK], OPENAI),
    "cache.openai.hit_below_1024": ([ASK], OPENAI),
    "cache.openai.cached_tokens_missing": ([ASK], OPENAI),
    "cache.anthropic.never_creates": ([ASK], ANTHROPIC),
    "cache.anthropic.hour_as_five_minutes": ([ASK], ANTHROPIC),
    "cache.anthropic.no_refresh_on_use": ([ASK], ANTHROPIC),
    "cache.anthropic.read_not_reported": ([ASK], ANTHROPIC),
    "usage.cached_not_reported": ([ASK], EVERY),
    "usage.prompt_excludes_cached": ([ASK], ["OpenAI", "Gemini"]),
    "cache.lost_after_first_turn": ([ASK], EVERY),
    "latency.cache_no_faster": ([ASK], EVERY),
}


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = plane.get("/_simulator/deviations").json()
    ours = {one["name"]: one for one in listed if one["name"].startswith("cache.") or one["name"] in TABLE}
    assert {name: (one["operations"], one["providers"]) for name, one in ours.items()} == TABLE
    assert all(one["description"].endswith(".") for one in ours.values())


@pytest.fixture
def under(open_tenant: Callable[..., Account]) -> Iterator[Callable[[str, str], tuple[Account, httpx.Client]]]:
    """`under(provider, deviation)`: a new tenant that has it."""
    clients: list[httpx.Client] = []

    def make(provider: str, deviation: str) -> tuple[Account, httpx.Client]:
        account = open_tenant(deviation=deviation)
        clients.append(account.client(provider))
        return account, clients[-1]

    yield make
    for client in clients:
        client.close()


Under = Callable[[str, str], tuple[Account, httpx.Client]]


def of(http: httpx.Client, name: str) -> httpx.Response:
    return http.get(f"/v1beta/{name}")


def change(http: httpx.Client, name: str, ttl: str) -> dict[str, Any]:
    answer: dict[str, Any] = http.patch(f"/v1beta/{name}", json={"ttl": ttl}).raise_for_status().json()
    return answer


def ask(http: httpx.Client, name: str) -> dict[str, Any]:
    """The figures of a question that uses the cache."""
    usage: dict[str, Any] = said(http, asking("Hello", cachedContent=name))["usageMetadata"]
    return usage


# Making -----------------------------------------------------------------------------------------------------------------


def test_ttl_ignored(under: Under) -> None:
    account, http = under("Gemini", "cache.create.ttl_ignored")
    assert lifetime(made(http, wanting(ttl="600s"))) == timedelta(hours=1)
    assert account.fired() == 1
    account.deviate(None)
    assert lifetime(made(http, wanting(ttl="600s"))) == timedelta(minutes=10)


def test_zero_tokens(under: Under) -> None:
    account, http = under("Gemini", "cache.create.zero_tokens")
    cache = made(http)
    assert cache["usageMetadata"]["totalTokenCount"] == 0
    assert of(http, cache["name"]).json()["usageMetadata"]["totalTokenCount"] == 0
    assert account.fired() == 2
    account.deviate(None)
    assert of(http, cache["name"]).json()["usageMetadata"]["totalTokenCount"] >= MINIMUM


UNKNOWN_MODEL = "models/gemini-nonexistent"


def test_accepts_unknown_model(under: Under) -> None:
    account, http = under("Gemini", "cache.create.accepts_unknown_model")
    assert create(http, wanting(model=UNKNOWN_MODEL)).status_code == 200
    assert account.fired() == 1
    account.deviate(None)
    assert create(http, wanting(model=UNKNOWN_MODEL)).status_code == 404


def test_partial_on_error(under: Under) -> None:
    account, http = under("Gemini", "cache.create.partial_on_error")
    assert create(http, wanting(model=UNKNOWN_MODEL)).status_code == 404
    assert len(names(http)) == account.fired() == 1


def test_min_not_enforced(under: Under) -> None:
    account, http = under("Gemini", "cache.min.not_enforced")
    assert create(http, wanting(words(50))).status_code == 200
    assert account.fired() == 1
    account.deviate(None)
    assert create(http, wanting(words(50))).status_code == 400


def test_min_off_by_one(under: Under) -> None:
    account, http = under("Gemini", "cache.min.off_by_one")
    refused = create(http, wanting(words(MINIMUM)))
    assert (refused.status_code, names(http), account.fired()) == (400, [], 1)
    assert f"total_token_count={MINIMUM}" in refused.json()["error"]["message"]
    assert create(http, wanting(words(MINIMUM + 1))).status_code == 200
    account.deviate(None)
    assert create(http, wanting(words(MINIMUM))).status_code == 200


# Changing ---------------------------------------------------------------------------------------------------------------


def ends(cache: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(cache["expireTime"])


def test_update_accepted_unchanged(under: Under) -> None:
    account, http = under("Gemini", "cache.update.accepted_unchanged")
    cache = made(http, wanting(ttl="600s"))
    assert ends(change(http, cache["name"], "7200s")) == ends(cache)
    assert (of(http, cache["name"]).json(), account.fired()) == (cache, 1)


def test_update_from_create_time(under: Under) -> None:
    account, http = under("Gemini", "cache.update.from_create_time")
    cache = made(http, wanting(ttl="600s"))
    account.advance(100)
    assert ends(change(http, cache["name"], "7200s")) == ends(cache) + timedelta(seconds=6600)
    assert account.fired() == 1
    account.deviate(None)
    assert ends(change(http, cache["name"], "7200s")) == ends(cache) + timedelta(seconds=6700)


def test_update_not_persisted(under: Under) -> None:
    account, http = under("Gemini", "cache.update.not_persisted")
    cache = made(http, wanting(ttl="600s"))
    assert ends(change(http, cache["name"], "7200s")) == ends(cache) + timedelta(seconds=6600)
    assert (of(http, cache["name"]).json(), account.fired()) == (cache, 1)


def test_update_no_shortening(under: Under) -> None:
    account, http = under("Gemini", "cache.update.no_shortening")
    cache = made(http, wanting(ttl="600s"))
    assert ends(change(http, cache["name"], "60s")) == ends(cache)
    assert account.fired() == 1
    assert ends(change(http, cache["name"], "900s")) == ends(cache) + timedelta(minutes=5)
    assert account.fired() == 1


def test_ghost_listed(under: Under) -> None:
    account, http = under("Gemini", "cache.delete.ghost_listed")
    kept, gone = made(http)["name"], made(http)["name"]
    http.delete(f"/v1beta/{gone}").raise_for_status()
    assert sorted(names(http)) == sorted([kept, gone])
    assert (of(http, gone).status_code, account.fired()) == (403, 1)
    assert account.inventory() == {"Gemini": {"cachedContents": [kept]}}


def test_still_usable(under: Under) -> None:
    account, http = under("Gemini", "cache.delete.still_usable")
    cache = made(http)
    http.delete(f"/v1beta/{cache['name']}").raise_for_status()
    assert ask(http, cache["name"])["cachedContentTokenCount"] == cache["usageMetadata"]["totalTokenCount"]
    assert (names(http), account.fired()) == ([], 1)


# Reading and listing ----------------------------------------------------------------------------------------------------


def test_get_slides_expiry(under: Under) -> None:
    account, http = under("Gemini", "cache.get.slides_expiry")
    cache = made(http, wanting(ttl="600s"))
    assert (of(http, cache["name"]).json(), account.fired()) == (cache, 0)
    account.advance(30)
    assert ends(of(http, cache["name"]).json()) == ends(cache) + timedelta(seconds=30)
    assert account.fired() == 1


def test_get_wrong_record(under: Under) -> None:
    account, http = under("Gemini", "cache.get.wrong_record")
    first, second = made(http), made(http)
    assert of(http, first["name"]).json() == second
    assert account.fired() == 1
    assert of(http, "cachedContents/none").status_code == 403


def test_get_unknown_answers_empty_200(under: Under) -> None:
    account, http = under("Gemini", "cache.get.unknown_answers_empty_200")
    answer = of(http, "cachedContents/none")
    assert (answer.status_code, answer.json(), account.fired()) == (200, {}, 1)
    cache = made(http)
    assert (of(http, cache["name"]).json(), account.fired()) == (cache, 1)


def page(http: httpx.Client, **query: str) -> tuple[list[str], str | None]:
    body = http.get(PATH, params={"pageSize": "2", **query}).raise_for_status().json()
    return [cache["name"] for cache in body["cachedContents"]], body.get("nextPageToken")


def test_list_token_loops(under: Under) -> None:
    account, http = under("Gemini", "cache.list.token_loops")
    for _ in range(3):
        made(http)
    first, cursor = page(http)
    _, last = page(http, pageToken=str(cursor))
    assert last is not None
    assert (page(http, pageToken=last)[0], account.fired()) == (first, 1)


def test_list_page_size_ignored(under: Under) -> None:
    account, http = under("Gemini", "cache.list.page_size_ignored")
    for _ in range(2):
        made(http)
    assert (page(http)[1], account.fired()) == (None, 0)
    made(http)
    found, cursor = page(http)
    assert (len(found), cursor, account.fired()) == (3, None, 1)


def test_list_duplicates_across_pages(under: Under) -> None:
    account, http = under("Gemini", "cache.list.duplicates_across_pages")
    for _ in range(3):
        made(http)
    first, cursor = page(http)
    assert page(http, pageToken=str(cursor))[0][0] == first[-1]
    assert account.fired() == 1


# Living -----------------------------------------------------------------------------------------------------------------


def test_expiry_never(under: Under) -> None:
    account, http = under("Gemini", "cache.expiry.never")
    cache = made(http, wanting(ttl="60s"))
    account.advance(61)
    assert of(http, cache["name"]).json() == cache
    assert names(http) == [cache["name"]]
    assert ask(http, cache["name"])["cachedContentTokenCount"] > 0
    assert account.fired() == 3


def test_expiry_on_list_only(under: Under) -> None:
    account, http = under("Gemini", "cache.expiry.on_list_only")
    cache = made(http, wanting(ttl="60s"))
    account.advance(61)
    assert (of(http, cache["name"]).json(), names(http), account.fired()) == (cache, [], 1)


def test_expiry_early(under: Under) -> None:
    account, http = under("Gemini", "cache.expiry.early")
    cache = made(http, wanting(ttl="60s"))
    account.advance(29)
    assert (of(http, cache["name"]).json(), account.fired()) == (cache, 0)
    account.advance(2)
    assert (of(http, cache["name"]).status_code, names(http), account.fired()) == (403, [], 2)
    account.deviate(None)
    assert of(http, cache["name"]).json() == cache


# Counting ---------------------------------------------------------------------------------------------------------------


def test_geminis_cached_tokens_are_not_told(under: Under) -> None:
    account, http = under("Gemini", "usage.cached_not_reported")
    cache = made(http)
    usage = ask(http, cache["name"])
    assert "cachedContentTokenCount" not in usage
    assert usage["promptTokenCount"] > cache["usageMetadata"]["totalTokenCount"]
    assert account.fired() == 1
    said(http, asking("Hello"))
    assert account.fired() == 1


def test_geminis_prompt_is_told_without_what_was_cached(under: Under) -> None:
    account, http = under("Gemini", "usage.prompt_excludes_cached")
    cache = made(http)
    usage = ask(http, cache["name"])
    assert (usage["cachedContentTokenCount"], usage["promptTokenCount"]) == (
        cache["usageMetadata"]["totalTokenCount"],
        1,
    )
    assert account.fired() == 1


def test_only_the_first_question_finds_the_cache(under: Under) -> None:
    account, http = under("Gemini", "cache.lost_after_first_turn")
    name = made(http)["name"]
    told = ["cachedContentTokenCount" in ask(http, name) for _ in range(3)]
    assert (told, account.fired()) == ([True, False, False], 2)


def openais(http: httpx.Client, tokens: int) -> dict[str, Any]:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": words(tokens)}], "prompt_cache_key": "k"}
    usage: dict[str, Any] = http.post("/v1/chat/completions", json=body).raise_for_status().json()["usage"]
    return usage


def test_openai_hit_on_first(under: Under) -> None:
    account, http = under("OpenAI", "cache.openai.hit_on_first")
    assert openais(http, 1500)["prompt_tokens_details"]["cached_tokens"] == 1024
    assert account.fired() == 1
    assert openais(http, 100)["prompt_tokens_details"]["cached_tokens"] == 0
    assert account.fired() == 1


def test_openai_hit_below_1024(under: Under) -> None:
    account, http = under("OpenAI", "cache.openai.hit_below_1024")
    assert openais(http, 100)["prompt_tokens_details"]["cached_tokens"] > 0
    assert openais(http, 1500)["prompt_tokens_details"]["cached_tokens"] == 0
    assert account.fired() == 1


def test_openai_cached_tokens_missing(under: Under) -> None:
    account, http = under("OpenAI", "cache.openai.cached_tokens_missing")
    assert "prompt_tokens_details" in openais(http, 1500)
    assert account.fired() == 0
    assert "prompt_tokens_details" not in openais(http, 1500)
    assert account.fired() == 1


def test_openais_cached_tokens_are_not_told_or_taken_off(under: Under) -> None:
    account, http = under("OpenAI", "usage.cached_not_reported")
    first = openais(http, 1500)
    second = openais(http, 1500)
    assert (second, account.fired()) == (first, 1)
    account.deviate("usage.prompt_excludes_cached")
    third = openais(http, 1500)
    assert third["prompt_tokens"] == first["prompt_tokens"] - third["prompt_tokens_details"]["cached_tokens"]
    assert account.fired() == 1


def test_anthropic_never_creates(under: Under) -> None:
    account, http = under("Anthropic", "cache.anthropic.never_creates")
    told = [claude.tokens(http, claude.asked())[1:] for _ in range(2)]
    assert (told, account.fired()) == ([(0, 0), (0, 0)], 2)
    account.deviate(None)
    assert claude.tokens(http, claude.asked()).written > 0


def test_anthropic_keeps_an_hour_for_five_minutes(under: Under) -> None:
    account, http = under("Anthropic", "cache.anthropic.hour_as_five_minutes")
    for_an_hour = claude.asked(system=[claude.text(claude.MANUAL, claude.HOUR)])
    usage = claude.answer(http, for_an_hour)["usage"]
    written = usage["cache_creation_input_tokens"]
    assert written > 0
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0}
    assert account.fired() == 1
    account.advance(301)
    assert claude.tokens(http, for_an_hour)[1:] == (written, 0)
    fired = account.fired()
    claude.answer(http, claude.asked())
    assert account.fired() == fired  # five minutes were asked for


def test_anthropic_no_refresh_on_use(under: Under) -> None:
    account, http = under("Anthropic", "cache.anthropic.no_refresh_on_use")
    written = claude.tokens(http, claude.asked()).written
    account.advance(240)
    assert claude.tokens(http, claude.asked()).read == written
    assert account.fired() == 1
    account.advance(240)
    assert claude.tokens(http, claude.asked())[1:] == (written, 0)
    assert account.fired() == 1


def test_anthropic_read_not_reported(under: Under) -> None:
    account, http = under("Anthropic", "cache.anthropic.read_not_reported")
    first, second = (claude.tokens(http, claude.asked()) for _ in range(2))
    assert first.written > 0
    assert (second, account.fired()) == ((first.new, 0, 0), 1)


def test_a_cache_is_no_faster(open_tenant: Callable[..., Account]) -> None:
    def seconds(deviation: str | None) -> tuple[float, int]:
        """Of a question over a cache, and how often the deviation fired."""
        account = open_tenant(deviation=deviation)
        with account.client("Gemini") as http:
            name = made(http, {"model": f"models/{LITE}", "contents": [turn(words(20_000))]})["name"]
            before = datetime.fromisoformat(account.now())
            ask(http, name)
            return (datetime.fromisoformat(account.now()) - before).total_seconds(), account.fired()

    (honest, never), (spoilt, fired) = seconds(None), seconds("latency.cache_no_faster")
    assert (never, fired) == (0, 1)
    assert spoilt - honest == pytest.approx(20_000 * (0.000_1 - 0.000_005), abs=1e-6)
