"""Gemini's simulated cached contents: what is refused, in which words, and that nothing is left of it (provider-facts 3.1)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.gemini_cached import MINIMUM, PATH, create, error, made, names, turn, wanting, words
from tests.simulator.gemini_calls import FLASH, LITE, PRO

DURATION = "type.googleapis.com/google.protobuf.Duration"
TIMESTAMP = "type.googleapis.com/google.protobuf.Timestamp"
TTL = f"Invalid value at 'cached_content.ttl' ({DURATION}), Field 'ttl', "
EXPIRE_TIME = f"Invalid value at 'cached_content.expire_time' ({TIMESTAMP}), Field 'expireTime', "
MISSING = "* CreateCachedContentRequest.cached_content.contents: contents is not specified\n"
PAST = "* CreateCachedContentRequest.cached_content.expire_time: expire_time must be in the future.\n"
TOO_SHORT = "* CreateCachedContentRequest.cached_content.ttl: ttl must be positive.\n"
FORMAT = "* CreateCachedContentRequest.cached_content.model: unexpected model name format\n"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ttl": "1 hour"}, TTL + "Illegal duration format; duration must end with 's'"),
        ({"ttl": "1h"}, TTL + "Illegal duration format; duration must end with 's'"),
        ({"ttl": ""}, TTL + "Illegal duration format; duration must end with 's'"),
        ({"ttl": "s"}, TTL + "Invalid duration format, failed to parse seconds"),
        ({"ttl": "1e3s"}, TTL + "Invalid duration format, failed to parse seconds"),
        ({"ttl": "٣s"}, TTL + "Invalid duration format, failed to parse seconds"),
        ({"ttl": "1.s"}, TTL + "Invalid duration format, failed to parse nano seconds"),
        ({"ttl": "1.1234567890s"}, TTL + "Invalid duration format, failed to parse nano seconds"),
        ({"ttl": "315576000001s"}, TTL + "Duration value exceeds limits"),
        ({"ttl": 600}, TTL + "Invalid data type for duration, value is 600"),
        (
            {"ttl": ["600s"]},
            "Invalid JSON payload received. Unknown name \"ttl\" at 'cached_content': "
            "Proto field is not repeating, cannot start list.",
        ),
        ({"ttl": "0s"}, TOO_SHORT),
        ({"ttl": "-5s"}, TOO_SHORT),
        ({"ttl": "-0.5s"}, TOO_SHORT),
        (
            {"ttl": "315576000000s"},
            "* CreateCachedContentRequest.cached_content.ttl: ttl ends after the last moment there is.\n",
        ),
        ({"expireTime": "2026-11-22T10:00:00Z"}, PAST),
        ({"expireTime": "2025-01-01T00:00:00Z"}, PAST),
        ({"expireTime": "2027-01-01T00:00:00"}, EXPIRE_TIME + "Illegal timestamp format; timestamps must end with 'Z' "
         "or have a valid timezone offset."),
        ({"expireTime": "2027-02-30T00:00:00Z"}, EXPIRE_TIME + "Invalid time format: Failed to parse input"),
        ({"expireTime": "0001-01-01T00:00:00+09:00"}, EXPIRE_TIME + "Invalid time format: Failed to parse input"),
        ({"expireTime": 7}, EXPIRE_TIME + "Invalid data type for timestamp, value is 7"),
        (
            {"ttl": "600s", "expireTime": "2027-01-01T00:00:00Z"},
            "Invalid value at 'cached_content' (oneof), oneof field 'expiration' is already set. Cannot set 'expireTime'",
        ),
        ({"contents": []}, MISSING),
        ({"contents": None}, MISSING),
        ({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, MISSING),
        (
            {"contents": [{"role": "user", "parts": []}]},
            "* CreateCachedContentRequest.cached_content.contents[0].parts: contents.parts must not be empty.\n",
        ),
        ({"contents": [turn("x", "system")]}, "Please use a valid role: user, model."),
        ({"contents": [turn("")]}, f"Cached content is too small. total_token_count=1, min_total_token_count={MINIMUM}"),
        (
            {"contents": [{"parts": [{"fileData": {"fileUri": "gs://bucket/report.pdf", "mimeType": "application/pdf"}}]}]},
            "Invalid or unsupported file uri: gs://bucket/report.pdf",
        ),
        ({"model": None}, FORMAT),
        ({"model": ""}, FORMAT),
        ({"model": LITE}, FORMAT),
        ({"displayName": "x" * 129}, "* CreateCachedContentRequest.cached_content.display_name: must be at most 128 characters.\n"),
        (
            {"tools": [{"functionDeclarations": [{"name": "no spaces"}]}]},
            "* CreateCachedContentRequest.cached_content.tools[0].function_declarations[0].name: Invalid function name. Must start "
            "with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes "
            "(-), with a maximum length of 128.\n",
        ),
        (
            {"generationConfig": {}},
            "Invalid JSON payload received. Unknown name \"generationConfig\" at 'cached_content': Cannot find field.",
        ),
    ],
)  # fmt: skip
def test_a_refused_cache_leaves_nothing(http: httpx.Client, fields: dict[str, Any], said: str) -> None:
    assert error(create(http, wanting() | fields), 400) == said
    assert http.get(PATH).json() == {}


def test_what_is_no_json_of_this_message_is_told_with_its_place(http: httpx.Client) -> None:
    response = create(http, wanting(ttl="1 hour"))
    detail = response.json()["error"]["details"][0]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert [violation["field"] for violation in detail["fieldViolations"]] == ["cached_content.ttl"]


def test_a_file_that_is_not_there_is_refused_as_everywhere(http: httpx.Client) -> None:
    body = wanting(contents=[{"parts": [{"fileData": {"fileUri": "files/none"}}]}])
    assert error(create(http, body), 403) == "You do not have permission to access the File none or it may not exist."
    assert names(http) == []


@pytest.mark.parametrize("version", ["v1", "v1beta"])
@pytest.mark.parametrize(
    "model", ["no-such-model", "publishers/google/models/gemini-2.5-flash", "gemini-embedding-001", "gemma-3-4b-it"]
)
def test_a_model_that_is_unknown_or_caches_nothing_is_not_found(http: httpx.Client, model: str, version: str) -> None:
    said = error(http.post(f"/{version}/cachedContents", json=wanting(model=f"models/{model}")), 404)
    assert said.startswith(
        f"models/{model} is not found for API version {version}, or is not supported for createCachedContent. "
    )
    assert names(http) == []


def test_the_models_that_can_be_cached_are_those_that_the_list_says(http: httpx.Client) -> None:
    listed = http.get("/v1beta/models", params={"pageSize": 1000}).json()["models"]
    for model in listed:
        told = "createCachedContent" in model["supportedGenerationMethods"]
        answer = create(http, {"model": model["name"], "contents": [turn("too small")]})
        assert answer.status_code == (400 if told else 404), model["name"]
    error(http.post("/v1/cachedContents", json=wanting(model="models/gemini-flash-lite-latest")), 404)


@pytest.mark.parametrize(
    ("model", "minimum"),
    [
        (LITE, MINIMUM),
        (FLASH, 1024),
        (PRO, 4096),
        ("gemini-2.5-flash-lite", 2048),
        ("gemini-3.8-flash", 1024),
        ("gemini-3.1-pro-preview", 4096),
        ("gemini-flash-lite-latest", 1024),
        ("gemini-2.0-flash-lite", 4096),
        ("gemini-1.5-flash-002", 32768),
    ],
)
def test_exactly_the_minimum_is_enough(http: httpx.Client, model: str, minimum: int) -> None:
    below = wanting(words(minimum - 1), model=f"models/{model}")
    assert error(create(http, below), 400) == (
        f"Cached content is too small. total_token_count={minimum - 1}, min_total_token_count={minimum}"
    )
    cache = made(http, wanting(words(minimum), model=f"models/{model}"))
    assert cache["usageMetadata"] == {"totalTokenCount": minimum}
    assert names(http) == [cache["name"]]


def test_more_than_the_models_window_is_too_large(http: httpx.Client) -> None:
    data = base64.b64encode(words(1_048_577).encode()).decode()
    contents = [{"parts": [{"inlineData": {"mimeType": "text/plain", "data": data}}]}]
    assert error(create(http, wanting(contents=contents)), 400) == (
        "Cached content is too large. total_token_count=1048577, max_total_token_count=1048576"
    )


def only(field: str) -> str:
    return f"* UpdateCachedContentRequest.cached_content.{field}: only ttl and expire_time can be updated.\n"


@pytest.mark.parametrize(
    ("query", "body", "said"),
    [
        ({}, {}, "* UpdateCachedContentRequest.cached_content.expiration: ttl or expire_time must be set.\n"),
        ({}, {"ttl": "60s", "model": f"models/{FLASH}"}, only("model")),
        ({}, {"ttl": "60s", "displayName": "Another"}, only("displayName")),
        ({}, {"ttl": "60s", "contents": [turn("Another")]}, only("contents")),
        ({}, {"systemInstruction": turn("Another")}, only("systemInstruction")),
        ({}, {"ttl": "60s", "tools": []}, only("tools")),
        ({}, {"ttl": "0s"}, "* UpdateCachedContentRequest.cached_content.ttl: ttl must be positive.\n"),
        (
            {},
            {"expireTime": "2026-11-22T09:00:00Z"},
            "* UpdateCachedContentRequest.cached_content.expire_time: expire_time must be in the future.\n",
        ),
        ({}, {"ttl": "10 minutes"}, TTL + "Invalid duration format, failed to parse seconds"),
        (
            {},
            {"expireTime": "2027-01-01T00:00:00Z", "ttl": "60s"},
            "Invalid value at 'cached_content' (oneof), oneof field 'expiration' is already set. Cannot set 'ttl'",
        ),
        (
            {},
            {"ttl": "60s", "name": "cachedContents/x"},
            "Invalid value at 'cached_content' (oneof), oneof field '_name' is already set. Cannot set 'name'",
        ),
        (
            {"updateMask": "displayName"},
            {"displayName": "Another"},
            "* UpdateCachedContentRequest.update_mask: only ttl and expire_time can be updated, not displayName.\n",
        ),
        (
            {"updateMask": "ttl"},
            {"expireTime": "2027-01-01T00:00:00Z"},
            "* UpdateCachedContentRequest.cached_content.expiration: ttl or expire_time must be set.\n",
        ),
        (
            {"force": "true"},
            {"ttl": "60s"},
            "Invalid JSON payload received. Unknown name \"force\": Cannot bind query parameter. Field 'force' could not be found "
            "in request message.",
        ),
    ],
)  # fmt: skip
def test_a_refused_update_changes_nothing(
    tenant: Account, http: httpx.Client, query: dict[str, str], body: dict[str, Any], said: str
) -> None:
    cache = made(http)
    tenant.advance(5)
    assert error(http.patch(f"/v1beta/{cache['name']}", params=query, json=body), 400) == said
    assert http.get(f"/v1beta/{cache['name']}").json() == cache


def test_only_the_methods_of_the_api_are_there(http: httpx.Client) -> None:
    name = made(http)["name"]
    for method, path in (("PUT", name), ("POST", name), ("DELETE", "cachedContents"), ("PATCH", "cachedContents")):
        error(http.request(method, f"/v1beta/{path}", json={}), 404)
    assert names(http) == [name]
