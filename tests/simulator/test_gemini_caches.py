"""Gemini's simulated cached contents: their life from creation to expiry (provider-facts 3.1; recordings: cachedContents)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types
from google.genai.errors import ClientError

from support.catalogue import models
from support.values import Provider
from tests.simulator.account import Account
from tests.simulator.gemini_cached import (
    MINIMUM,
    PATH,
    create,
    error,
    lifetime,
    made,
    names,
    report,
    turn,
    wanting,
    words,
)
from tests.simulator.gemini_calls import LITE, asking, counted

GONE = "CachedContent not found (or permission denied)"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.fixture(params=["v1", "v1beta"])
def sdk(tenant: Account, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    """The SDK on either API version."""
    options = types.HttpOptions(base_url=tenant.url, api_version=request.param)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as client:
        yield client


def test_the_sdk_makes_reads_changes_lists_uses_and_deletes_a_cache(sdk: genai.Client) -> None:
    config = types.CreateCachedContentConfig(contents=[report()], ttl="600s", display_name="Report")
    cache = sdk.caches.create(model=LITE, config=config)
    assert (cache.model, cache.display_name) == (f"models/{LITE}", "Report")
    assert cache.name is not None
    assert cache.create_time is not None
    assert cache.expire_time == cache.create_time + timedelta(seconds=600)
    assert cache.usage_metadata is not None
    assert cache.usage_metadata.total_token_count == sdk.models.count_tokens(model=LITE, contents=report()).total_tokens
    assert sdk.caches.get(name=cache.name) == cache
    assert list(sdk.caches.list()) == [cache]
    use = types.GenerateContentConfig(cached_content=cache.name)
    answer = sdk.models.generate_content(model=LITE, contents="What is the passphrase of the vault?", config=use)
    assert "marigold-seven" in (answer.text or "")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.cached_content_token_count == cache.usage_metadata.total_token_count
    later = datetime(2026, 11, 23, tzinfo=UTC)
    changed = sdk.caches.update(name=cache.name, config=types.UpdateCachedContentConfig(expire_time=later))
    assert changed.expire_time == later
    sdk.caches.delete(name=cache.name)
    with pytest.raises(ClientError) as caught:
        sdk.caches.get(name=cache.name)
    assert (caught.value.code, caught.value.status, caught.value.message) == (403, "PERMISSION_DENIED", GONE)
    assert list(sdk.caches.list()) == []


def test_a_cache_object_is_that_of_a_live_answer(tenant: Account, http: httpx.Client) -> None:
    tenant.advance(0.25)
    response = create(http)
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    cache = response.json()
    assert re.fullmatch(r"cachedContents/[a-z0-9]{40}", cache["name"])
    expected = {
        "name": cache["name"],
        "model": f"models/{LITE}",
        "createTime": "2026-11-22T10:00:00.250000Z",
        "updateTime": "2026-11-22T10:00:00.250000Z",
        "expireTime": "2026-11-22T11:00:00.250000Z",
        "displayName": "",
        "usageMetadata": {"totalTokenCount": counted(http, {"contents": [turn(report())]})},
    }
    assert list(cache.items()) == list(expected.items())
    assert http.get(f"{PATH}/{cache['name'].removeprefix('cachedContents/')}").json() == cache
    assert http.get(f"/v1/{cache['name']}").json() == cache
    assert tenant.inventory() == {"Gemini": {"cachedContents": [cache["name"]]}}


def test_the_count_of_a_cache_is_that_of_its_contents_system_instruction_and_tools(http: httpx.Client) -> None:
    declaration = {"name": "get_weather", "description": "The weather in a city"}
    parts = {
        "contents": [turn(report()), turn("Understood.", "model")],
        "systemInstruction": turn("Answer with one sentence of the report."),
        "tools": [{"functionDeclarations": [declaration]}],
    }
    whole = {"generateContentRequest": {"model": f"models/{LITE}", **parts}}
    cache = made(http, {"model": f"models/{LITE}", **parts})
    assert cache["usageMetadata"]["totalTokenCount"] == counted(http, whole)
    less = made(http, {"model": f"models/{LITE}", "contents": parts["contents"]})
    assert less["usageMetadata"]["totalTokenCount"] == counted(http, {"contents": parts["contents"]})
    assert less["usageMetadata"]["totalTokenCount"] < cache["usageMetadata"]["totalTokenCount"]


def test_a_system_instruction_alone_can_be_cached(http: httpx.Client) -> None:
    cache = made(http, {"model": f"models/{LITE}", "system_instruction": {"parts": {"text": words(MINIMUM)}}})
    assert cache["usageMetadata"] == {"totalTokenCount": MINIMUM}


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({}, 3600),
        ({"ttl": None}, 3600),
        ({"ttl": "600s"}, 600),
        ({"ttl": "0.000001s"}, 0.000001),
        ({"ttl": "90.5s"}, 90.5),
        ({"ttl": "1.123456789s"}, 1.123456),
        ({"expireTime": "2026-11-22T10:30:00Z"}, 1800),
        ({"expire_time": "2026-11-22T11:30:00.123456789+01:00"}, 1800.123456),
    ],
)
def test_a_cache_lives_as_long_as_asked(http: httpx.Client, asked: dict[str, Any], seconds: float) -> None:
    assert lifetime(made(http, wanting(**asked))) == timedelta(seconds=seconds)


def test_a_tenant_may_have_another_usual_lifetime(open_tenant: Callable[..., Account]) -> None:
    with open_tenant(durations={"caches.time_to_live": 120}).client("Gemini") as http:
        assert lifetime(made(http)) == timedelta(seconds=120)
        assert lifetime(made(http, wanting(ttl="60s"))) == timedelta(seconds=60)


# Lists ------------------------------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages_the_newest_first(http: httpx.Client) -> None:
    assert http.get(PATH).json() == {}
    caches = [made(http) for _ in range(5)][::-1]
    pages: list[list[dict[str, Any]]] = []
    token = None
    while token is not None or not pages:
        page = http.get(PATH, params={"pageSize": 2, **({"pageToken": token} if token else {})}).json()
        assert next(iter(page)) == "cachedContents"
        pages.append(page["cachedContents"])
        token = page.get("nextPageToken")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [cache for page in pages for cache in page] == caches
    assert list(http.get(PATH).json()) == ["cachedContents"]


def test_a_page_is_not_moved_by_what_is_made_or_deleted_meanwhile(http: httpx.Client) -> None:
    first, second, third = (made(http)["name"] for _ in range(3))
    page = http.get(PATH, params={"pageSize": 1}).json()
    assert [cache["name"] for cache in page["cachedContents"]] == [third]
    made(http)
    http.delete(f"/v1beta/{third}").raise_for_status()
    rest = http.get(PATH, params={"pageToken": page["nextPageToken"]}).json()
    assert [cache["name"] for cache in rest["cachedContents"]] == [second, first]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"pageToken": "garbage"}, "* ListCachedContentsRequest.page_token: invalid page token\n"),
        ({"pageSize": "-1"}, "* ListCachedContentsRequest.page_size: page_size must not be negative.\n"),
        ({"pageSize": "x"}, "Invalid value at 'page_size' (TYPE_INT32), \"x\""),
    ],
)
def test_a_list_refuses_what_it_cannot_read(http: httpx.Client, query: dict[str, str], said: str) -> None:
    made(http)
    assert error(http.get(PATH, params=query), 400) == said


def test_a_token_of_another_list_is_no_token_of_this_one(http: httpx.Client) -> None:
    token = http.get("/v1beta/models", params={"pageSize": 1}).json()["nextPageToken"]
    error(http.get(PATH, params={"pageToken": token}), 400)


# Updates ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [7200, 30])
def test_a_new_lifetime_counts_from_the_update(tenant: Account, http: httpx.Client, seconds: int) -> None:
    cache = made(http, wanting(ttl="600s", displayName="Report"))
    tenant.advance(100)
    changed = http.patch(f"/v1beta/{cache['name']}", json={"ttl": f"{seconds}s"}).raise_for_status().json()
    ends = datetime(2026, 11, 22, 10, 1, 40, tzinfo=UTC) + timedelta(seconds=seconds)
    assert changed == {**cache, "updateTime": "2026-11-22T10:01:40Z", "expireTime": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
    assert list(changed) == list(cache)
    assert http.get(f"/v1beta/{cache['name']}").json() == changed
    assert http.get(PATH).json()["cachedContents"] == [changed]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"expireTime": "2026-11-22T12:00:00Z"}),
        ({}, {"expire_time": "2026-11-22T12:00:00Z", "displayName": "Report", "updateTime": "2020-01-01T00:00:00Z"}),
        ({}, {"ttl": "7200s", "model": f"models/{LITE}"}),
        ({"updateMask": "ttl"}, {"ttl": "7200s", "displayName": "Another"}),
        ({"updateMask": "expire_time,ttl"}, {"expireTime": "2026-11-22T12:00:00Z"}),
        ({"updateMask": "expireTime"}, {"expireTime": "2026-11-22T12:00:00Z"}),
        ({"update_mask": "*"}, {"ttl": "7200s"}),
    ],
)
def test_an_update_changes_the_end_and_nothing_else(
    http: httpx.Client, query: dict[str, str], body: dict[str, Any]
) -> None:
    cache = made(http, wanting(displayName="Report"))
    changed = http.patch(f"/v1beta/{cache['name']}", params=query, json=body)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {**cache, "expireTime": "2026-11-22T12:00:00Z"}


def test_reading_does_not_prolong_a_cache(tenant: Account, http: httpx.Client) -> None:
    cache = made(http)
    tenant.advance(30)
    http.post(f"/v1beta/models/{LITE}:generateContent", json=asking("Hi", cachedContent=cache["name"]))
    assert http.get(f"/v1beta/{cache['name']}").json() == cache


# The end ----------------------------------------------------------------------------------------------------------------


def gone(http: httpx.Client, name: str) -> None:
    """A cache that does not exist is refused in every use, always in the same words."""
    answers = [
        http.get(f"/v1beta/{name}"),
        http.patch(f"/v1beta/{name}", json={"ttl": "60s"}),
        http.delete(f"/v1/{name}"),
        http.post(f"/v1beta/models/{LITE}:generateContent", json=asking("Hi", cachedContent=name)),
        http.post(f"/v1beta/models/{LITE}:streamGenerateContent?alt=sse", json=asking("Hi", cachedContent=name)),
        http.post(
            f"/v1beta/models/{LITE}:countTokens",
            json={"generateContentRequest": asking("Hi", model=f"models/{LITE}", cachedContent=name)},
        ),
    ]
    assert [answer.json() for answer in answers] == [
        {"error": {"code": 403, "message": GONE, "status": "PERMISSION_DENIED"}}
    ] * len(answers)
    assert {answer.status_code for answer in answers} == {403}
    assert name not in names(http)


def test_a_deleted_cache_is_gone_and_its_neighbour_is_not(tenant: Account, http: httpx.Client) -> None:
    kept, deleted = made(http), made(http)
    assert (answer := http.delete(f"/v1beta/{deleted['name']}")).status_code == 200
    assert answer.json() == {}
    gone(http, deleted["name"])
    assert names(http) == [kept["name"]]
    assert http.get(f"/v1beta/{kept['name']}").json() == kept
    assert tenant.inventory() == {"Gemini": {"cachedContents": [kept["name"]]}}


def test_a_cache_lives_to_its_last_moment_and_not_longer(tenant: Account, http: httpx.Client) -> None:
    name = made(http, wanting(ttl="60s"))["name"]
    tenant.advance(59.999999)
    assert http.get(f"/v1beta/{name}").status_code == 200
    assert names(http) == [name]
    tenant.advance(0.000001)
    gone(http, name)
    assert http.get(PATH).json() == {}
    assert tenant.inventory() == {}


def test_what_has_expired_does_not_come_back_among_many(tenant: Account, http: httpx.Client) -> None:
    short = [made(http, wanting(ttl="10s"))["name"] for _ in range(20)]
    long = [made(http, wanting(ttl="3600s"))["name"] for _ in range(20)]
    tenant.advance(11)
    newest = [made(http)["name"] for _ in range(30)]
    assert names(http) == [*reversed(newest), *reversed(long)]
    gone(http, short[0])


def test_an_unknown_cache_and_one_of_another_tenant_are_the_same(
    http: httpx.Client, open_tenant: Callable[..., Account]
) -> None:
    gone(http, "cachedContents/none")
    with open_tenant().client("Gemini") as other:
        name = made(other)["name"]
        gone(http, name)
        assert names(other) == [name]


def test_the_minimum_of_the_catalogue_is_that_of_the_simulator(http: httpx.Client) -> None:
    model = models.model_for(Provider.GEMINI, "caching")
    assert model is not None
    assert model.cache_minimum_tokens is not None
    body = wanting(words(model.cache_minimum_tokens - 1), model=f"models/{model.id}")
    assert f"min_total_token_count={model.cache_minimum_tokens}" in error(create(http, body), 400)
    made(http, wanting(words(model.cache_minimum_tokens), model=f"models/{model.id}"))
