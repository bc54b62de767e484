"""Gemini's adapter against the running simulator: files, models, errors, repeats, and the SDK's own habits."""

import ssl
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import google.genai._api_client as sdk
import httpx2
import pytest
from google.genai.errors import ClientError
from google.genai.errors import ServerError as SdkServerError

from support.errors import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    ContextOverflow,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestTimeout,
    ServerError,
    Unsupported,
)
from support.gateway.capabilities import Capability
from support.gateway.gemini.errors import translate
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.uploads import sent_uploads
from support.values import Message, Provider
from tests.gateway.conftest import ATTEMPTS, ROOT, Bench, quickest

pytestmark = pytest.mark.anyio

MODEL = "gemini-3.5-flash-lite"
NOTES = ROOT / "fixtures" / "notes-1k.txt"


@pytest.fixture
def gateway(bench: Bench) -> GeminiGateway:
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)


def saying(text: str) -> list[Message]:
    return [Message(role="user", text=text)]


async def ids_of(gateway: GeminiGateway, page_size: int | None = None) -> list[str]:
    return [file.id async for file in gateway.files.list(page_size=page_size)]


# Files ------------------------------------------------------------------------------------------------------------------


async def test_an_upload_is_reported_as_it_was_sent(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(NOTES)
    assert (file.name, file.size_bytes, file.purpose, file.mime_type) == ("notes-1k.txt", 1024, None, "text/plain")
    assert file.created_at == bench.tenant.now()
    assert file.expires_at == file.created_at + timedelta(hours=48)
    assert file.id.startswith("files/")
    assert file.raw["displayName"] == file.sent_name == f"{bench.register.intended[0][2]}notes-1k.txt"
    assert bench.register.confirmed == {0: file.id}
    assert await gateway.files.get(file.id) == file


async def test_an_upload_is_resumable_and_carries_the_bytes_unchanged(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(NOTES)
    begun, ended = bench.wire.exchanges
    (sent,) = sent_uploads([begun, ended])
    assert (sent.name, sent.content) == (file.sent_name, NOTES.read_bytes())
    assert [begun.path, ended.path.partition("?")[0]] == ["/upload/v1beta/files", "/upload/v1beta/files"]
    assert begun.request_headers["x-goog-upload-command"] == "start"
    assert ended.request_headers["x-goog-upload-command"] == "upload, finalize"


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("a.json", "application/json"),
        ("a.csv", "text/csv"),
        ("a.jsonl", "application/jsonl"),
        ("a.md", "text/markdown"),
        ("a.pdf", "application/pdf"),
        ("a.png", "image/png"),
        ("grüße 你好.txt", "text/plain"),
        ("a", "application/octet-stream"),
    ],
)
async def test_the_type_goes_by_the_name(gateway: GeminiGateway, tmp_path: Path, name: str, mime_type: str) -> None:
    path = tmp_path / name
    path.write_text("né")
    file = await gateway.files.upload(path)
    assert (file.name, file.size_bytes, file.mime_type) == (name, 3, mime_type)


async def test_a_large_file_goes_in_chunks(bench: Bench, gateway: GeminiGateway, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(b"0123456789abcdef" * (9 * 1024 * 64))
    file = await gateway.files.upload(path)
    assert file.size_bytes == 9 * 1024 * 1024
    sent = [exchange.request_headers["x-goog-upload-command"] for exchange in bench.wire.exchanges]
    assert sent == ["start", "upload", "upload, finalize"]


async def test_a_file_is_gone_after_two_days(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(NOTES)
    bench.tenant.advance(48 * 3600 - 1)
    assert (await gateway.files.get(file.id)).id == file.id
    bench.tenant.advance(1)
    with pytest.raises(NotFound) as caught:
        await gateway.files.get(file.id)
    assert file.id.removeprefix("files/") in caught.value.message
    assert caught.value.status == 403
    assert await ids_of(gateway) == []


async def test_pages_follow_each_other(gateway: GeminiGateway) -> None:
    made = [(await gateway.files.upload(NOTES)).id for _ in range(5)]
    assert await ids_of(gateway, page_size=2) == made[::-1]
    page = await gateway.files.list_page(limit=2)
    assert len(page.files) == 2
    assert page.next_cursor is not None
    rest = await gateway.files.list_page(limit=100, cursor=page.next_cursor)
    assert ([file.id for file in rest.files], rest.next_cursor) == (made[2::-1], None)


async def test_an_upload_cannot_be_taken_back(bench: Bench, gateway: GeminiGateway) -> None:
    file = await gateway.files.upload(NOTES)
    with pytest.raises(Unsupported) as caught:
        await gateway.files.content(file.id)
    assert file.id in caught.value.message
    assert not any(":download" in exchange.path for exchange in bench.wire.exchanges)


async def test_a_deleted_file_is_gone(bench: Bench, gateway: GeminiGateway) -> None:
    gone, left = await gateway.files.upload(NOTES), await gateway.files.upload(NOTES)
    assert (await gateway.files.delete(gone.id)).id == gone.id
    assert bench.register.removals == [(Provider.GEMINI, "file", gone.id)]
    for call in (gateway.files.get, gateway.files.delete, gateway.files.content):
        with pytest.raises(NotFound) as caught:
            await call(gone.id)
        assert gone.id in caught.value.message
    assert await ids_of(gateway) == [left.id]


async def test_a_purpose_or_an_expiry_is_unsupported_and_nothing_is_sent(bench: Bench, gateway: GeminiGateway) -> None:
    with pytest.raises(Unsupported):
        await gateway.files.upload(NOTES, purpose="batch")
    with pytest.raises(Unsupported):
        await gateway.files.upload(NOTES, expires_after=timedelta(hours=1))
    with pytest.raises(Unsupported):
        await gateway.files.list_page(purpose="batch")
    assert bench.wire.exchanges == []


# Models -----------------------------------------------------------------------------------------------------------------


async def test_models_are_listed_over_all_pages_and_described(bench: Bench, gateway: GeminiGateway) -> None:
    listed = {model.id: model async for model in gateway.models.list()}
    assert len([exchange for exchange in bench.wire.exchanges if exchange.path.startswith("/v1beta/models")]) > 1
    lite = await gateway.models.get(MODEL)
    assert lite == listed[MODEL] == await gateway.models.get(f"models/{MODEL}")
    assert (lite.context_window_tokens, lite.max_output_tokens) == (1_048_576, 65_536)
    with pytest.raises(NotFound) as caught:
        await gateway.models.get("gemini-nonexistent")
    assert "gemini-nonexistent" in caught.value.message


# Errors and repeats -----------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_an_authentication_failure(bench: Bench) -> None:
    gateway = GeminiGateway(bench.endpoint(Provider.GEMINI, key="AIzaWrong0123456789"), bench.http, bench.choke)
    with pytest.raises(AuthenticationFailed) as caught:
        await gateway.files.get("files/abc")
    assert (caught.value.status, caught.value.code) == (400, "INVALID_ARGUMENT")
    with pytest.raises(NotFound):
        await GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke).files.get("files/abc")


async def test_too_many_requests_are_waited_for_as_the_details_ask(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "files.upload", "times": 2, "do": {"status": 429, "retry_after": 7}})
    file = await gateway.files.upload(NOTES)
    assert bench.clock.sleeps == [7.0, 7.0]
    assert [exchange.status for exchange in bench.wire.exchanges] == [200, 429, 200, 429, 200, 200]
    assert bench.tenant.state()["inventory"] == {"Gemini": {"files": [file.id]}}


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_upload_is_repeated_by_the_gateway_alone(
    bench: Bench, gateway: GeminiGateway, status: int
) -> None:
    """The SDK would send the bytes again after 1, 2 and 4 seconds of real time."""
    bench.tenant.faults({"operation": "files.upload", "times": 99, "do": {"status": status}})
    started = time.monotonic()
    with pytest.raises(ServerError):
        await gateway.files.upload(NOTES)
    assert time.monotonic() - started < 1
    assert bench.tenant.state()["requests"]["by_operation"]["Gemini files.upload"] == ATTEMPTS


async def test_an_answer_to_the_bytes_without_their_state_is_a_bad_response(
    bench: Bench, gateway: GeminiGateway
) -> None:
    bench.tenant.faults({"operation": "files.upload", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await gateway.files.upload(NOTES)
    assert len(bench.wire.exchanges) == 2


async def test_an_upload_whose_answer_was_lost_is_found_again_by_its_marker(
    bench: Bench, gateway: GeminiGateway
) -> None:
    bench.tenant.faults({"operation": "files.upload", "when": "after", "do": {"cut": True}})
    file = await gateway.files.upload(NOTES)
    assert bench.tenant.state()["inventory"] == {"Gemini": {"files": [file.id]}}
    assert bench.register.confirmed == {0: file.id}


async def test_the_sdk_itself_repeats_nothing(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"status": 500}})
    with pytest.raises(ServerError):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)
    assert len(bench.wire.exchanges) == 1


async def test_an_answer_that_is_no_json_is_a_bad_response(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)


async def test_a_request_that_takes_too_long_is_a_timeout(bench: Bench) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"delay_ms": 1000}})
    gateway = GeminiGateway(bench.endpoint(Provider.GEMINI, request_timeout=0.1), bench.http, bench.choke)
    with pytest.raises(RequestTimeout):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "INVALID_ARGUMENT", "no", InvalidRequest),
        (400, "FAILED_PRECONDITION", "not ACTIVE", Conflict),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            ContextOverflow,
        ),
        (400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", LimitExceeded),
        (401, "UNAUTHENTICATED", "no", AuthenticationFailed),
        (403, "PERMISSION_DENIED", "Consumer has been suspended.", PermissionDenied),
        (403, "PERMISSION_DENIED", "You do not have permission to access the File a or it may not exist.", NotFound),
        (403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)", NotFound),
        (404, "NOT_FOUND", "no", NotFound),
        (409, "ALREADY_EXISTS", "Requested entity already exists", Conflict),
        (413, "INVALID_ARGUMENT", "too large", LimitExceeded),
        (429, "RESOURCE_EXHAUSTED", "no", RateLimited),
        (503, "UNAVAILABLE", "overloaded", ServerError),
    ],
)
async def test_each_refusal_has_its_kind(status: int, word: str, message: str, kind: type[Exception]) -> None:
    body = {"error": {"code": status, "message": message, "status": word}}
    answered = httpx2.Response(status, json=body, request=httpx2.Request("GET", "http://x"))
    error = translate((ClientError if status < 500 else SdkServerError)(status, body, answered))
    assert type(error) is kind
    assert (error.message, error.status, error.code, error.retry_after) == (message, status, word, None)


async def test_details_tell_the_delay_the_field_and_the_reason() -> None:
    details = [
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "contents[0]"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "48.5s"},
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
    ]
    body = {"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT", "details": details}}
    error = translate(ClientError(400, body, None))
    assert (type(error), error.retry_after, error.param) == (AuthenticationFailed, 48.5, "contents[0]")
    assert type(translate(SdkServerError(502, {"message": "<html>", "status": "Bad Gateway"}, None))) is ServerError


# The client -------------------------------------------------------------------------------------------------------------


async def test_only_what_is_offered_is_there(gateway: GeminiGateway) -> None:
    assert gateway.capabilities == {
        Capability.FILES,
        Capability.CACHES,
        Capability.BATCHES,
        Capability.VECTOR_STORES,
        Capability.CHAT,
        Capability.EMBEDDINGS,
        Capability.TOKENS,
        Capability.MODELS,
    }


async def test_a_gateway_per_scenario_is_cheap(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = bench.endpoint(Provider.GEMINI)
    GeminiGateway(endpoint, bench.http, bench.choke)
    monkeypatch.setattr(ssl, "create_default_context", lambda *args, **options: pytest.fail("a TLS context was made"))
    assert quickest(lambda: GeminiGateway(endpoint, bench.http, bench.choke)) < 0.002
    assert len(bench.http.event_hooks["response"]) == 1


class Aiohttp:
    """Stands for the package, where it can be imported."""

    class ClientResponse: ...

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"the SDK asked for aiohttp.{name}")


async def test_the_shared_connections_are_used_also_where_aiohttp_can_be_imported(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", Aiohttp())
    monkeypatch.setattr(sdk, "aiohttp", Aiohttp(), raising=False)
    monkeypatch.setattr(sdk, "has_aiohttp", True)
    gateway = GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)
    file = await gateway.files.upload(NOTES)
    await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)
    assert [piece async for piece in gateway.chat.stream(saying("Hello"), model=MODEL, max_output_tokens=20)] != []
    await gateway.files.delete(file.id)
    assert len(bench.wire.exchanges) == 5


async def test_the_version_is_pinned_whatever_the_environment_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v1alpha")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    gateway = GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)
    await gateway.files.list_page()
    await gateway.models.get(MODEL)
    assert [exchange.path for exchange in bench.wire.exchanges] == ["/v1beta/files", f"/v1beta/models/{MODEL}"]


async def test_no_key_is_recorded(bench: Bench, gateway: GeminiGateway) -> None:
    await gateway.files.upload(NOTES)
    key = bench.tenant.keys["Gemini"]
    assert not any(key in str(exchange.request_headers) + exchange.path for exchange in bench.wire.exchanges)
