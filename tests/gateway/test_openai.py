"""OpenAI's adapter against the running simulator: values, wire, errors, money and repeats."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import openai
import pytest

from support.errors import (
    AuthenticationFailed,
    BadResponse,
    BudgetExceeded,
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
from support.gateway.openai.chat import answered, usage_of
from support.gateway.openai.errors import translate
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.uploads import sent_uploads
from support.values import FileReference, Message, Provider, Usage
from tests.gateway.conftest import ROOT, Bench, quickest

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
NOTES = ROOT / "fixtures" / "notes-1k.txt"
PASSPHRASE = ROOT / "fixtures" / "passphrase.pdf"
QUESTION = "What is the passphrase?"


@pytest.fixture
def gateway(bench: Bench) -> OpenAIGateway:
    return OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)


def saying(text: str, *file_ids: str) -> list[Message]:
    return [Message(role="user", text=text, files=tuple(FileReference(file_id=file_id) for file_id in file_ids))]


async def ids_of(gateway: OpenAIGateway, **filters: object) -> list[str]:
    return [file.id async for file in gateway.files.list(**filters)]  # type: ignore[arg-type]


# Files ------------------------------------------------------------------------------------------------------------------


async def test_an_upload_is_reported_as_it_was_sent(bench: Bench, gateway: OpenAIGateway) -> None:
    file = await gateway.files.upload(NOTES)
    assert (file.name, file.size_bytes, file.purpose, file.mime_type) == ("notes-1k.txt", 1024, "user_data", None)
    assert file.created_at == bench.tenant.now()
    assert file.expires_at is None
    assert file.raw["object"] == "file"
    assert file.raw["filename"] == file.sent_name == f"{bench.register.intended[0][2]}notes-1k.txt"
    assert bench.register.confirmed == {0: file.id}
    assert await gateway.files.get(file.id) == file


async def test_an_upload_is_one_multipart_request_with_the_purpose_as_a_field(
    bench: Bench, gateway: OpenAIGateway
) -> None:
    file = await gateway.files.upload(NOTES, purpose="assistants", expires_after=timedelta(hours=1))
    (exchange,) = bench.wire.exchanges
    (sent,) = sent_uploads([exchange])
    assert (exchange.method, exchange.path, sent.content, sent.name) == (
        "POST",
        "/v1/files",
        NOTES.read_bytes(),
        file.sent_name,
    )
    assert sent.fields == {
        "purpose": "assistants",
        "expires_after[anchor]": "created_at",
        "expires_after[seconds]": "3600",
    }
    assert file.expires_at == file.created_at + timedelta(hours=1)


async def test_a_file_is_gone_after_its_expiry(bench: Bench, gateway: OpenAIGateway) -> None:
    file = await gateway.files.upload(NOTES, expires_after=timedelta(hours=1))
    bench.tenant.advance(3599)
    assert (await gateway.files.get(file.id)).id == file.id
    bench.tenant.advance(1)
    with pytest.raises(NotFound) as caught:
        await gateway.files.get(file.id)
    assert file.id in caught.value.message
    assert await ids_of(gateway) == []


async def test_pages_follow_each_other_in_either_order(gateway: OpenAIGateway) -> None:
    made = [(await gateway.files.upload(NOTES)).id for _ in range(5)]
    assert await ids_of(gateway, page_size=2, order="asc") == made
    assert await ids_of(gateway, page_size=2) == made[::-1]
    page = await gateway.files.list_page(limit=2, order="asc")
    assert ([file.id for file in page.files], page.next_cursor) == (made[:2], made[1])


async def test_a_purpose_filters_the_list(gateway: OpenAIGateway, tmp_path: Path) -> None:
    lines = tmp_path / "requests.jsonl"
    lines.write_text('{"custom_id": "1"}\n')
    batch = await gateway.files.upload(lines, purpose="batch")
    await gateway.files.upload(NOTES)
    assert await ids_of(gateway, purpose="batch") == [batch.id]
    assert batch.expires_at == batch.created_at + timedelta(days=30)


async def test_a_page_that_is_larger_than_the_wire_record_is_read_whole(
    bench: Bench, gateway: OpenAIGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.gateway.exchanges.KEPT_BYTES", 100)
    entries = [
        {
            "object": "file", "id": f"file-{number}", "purpose": "user_data", "filename": "a.txt", "bytes": 1,
            "created_at": 1_795_000_000, "expires_at": None, "status": "processed", "status_details": None,
        }
        for number in range(20)
    ]  # fmt: skip
    bench.tenant.faults(
        {
            "operation": "files.list",
            "do": {"status": 200, "body": {"object": "list", "data": entries, "has_more": False}},
        }
    )
    page = await gateway.files.list_page()
    assert len(page.files) == 20


async def test_content_comes_back_unchanged_or_is_unsupported(gateway: OpenAIGateway, tmp_path: Path) -> None:
    lines = tmp_path / "training.jsonl"
    lines.write_bytes('{"messages": ["né"]}\r\n'.encode())
    tuning = await gateway.files.upload(lines, purpose="fine-tune")
    assert await gateway.files.content(tuning.id) == lines.read_bytes()
    kept = await gateway.files.upload(NOTES)
    with pytest.raises(Unsupported) as caught:
        await gateway.files.content(kept.id)
    assert caught.value.status == 400
    assert "user_data" in caught.value.message


async def test_a_deleted_file_is_gone(bench: Bench, gateway: OpenAIGateway) -> None:
    gone, left = await gateway.files.upload(NOTES), await gateway.files.upload(NOTES)
    assert (await gateway.files.delete(gone.id)).id == gone.id
    assert bench.register.removals == [(Provider.OPENAI, "file", gone.id)]
    for call in (gateway.files.get, gateway.files.delete, gateway.files.content):
        with pytest.raises(NotFound) as caught:
            await call(gone.id)
        assert gone.id in caught.value.message
    assert await ids_of(gateway) == [left.id]


async def test_an_unknown_purpose_is_the_providers_to_refuse_without_preflight(
    bench: Bench, gateway: OpenAIGateway
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await gateway.files.upload(NOTES, purpose="invalid-purpose", preflight=False)
    error = caught.value
    assert (error.status, error.param, error.provider, error.operation) == (400, "purpose", "OpenAI", "files.upload")
    assert error.provider_message is not None
    assert "'invalid-purpose' is not one of" in error.provider_message
    assert error.request_id is not None
    assert len(bench.wire.exchanges) == 1
    assert bench.register.refusals == [0]


# Chat -------------------------------------------------------------------------------------------------------------------


async def test_an_answer_has_its_text_usage_and_reason(bench: Bench, gateway: OpenAIGateway) -> None:
    answer = await gateway.chat.ask(
        saying("Answer exactly: harbour"), model=MODEL, max_output_tokens=50, system="You are brief."
    )
    assert (answer.text, answer.stop_reason, answer.model) == ("harbour", "end", MODEL)
    assert answer.raw["id"] == answer.id
    raw = answer.raw["usage"]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (raw["prompt_tokens"], raw["completion_tokens"])
    assert bench.purse.settled == [answer.usage]
    sent = bench.wire.exchanges[0].request.json()
    assert sent["reasoning_effort"] == "none"
    assert sent["max_completion_tokens"] == 50
    assert "temperature" not in sent
    assert sent["messages"][0] == {"role": "system", "content": "You are brief."}


async def test_an_answer_that_meets_its_limit_says_so(gateway: OpenAIGateway) -> None:
    answer = await gateway.chat.ask(saying("Count from 1 to 40."), model=MODEL, max_output_tokens=5)
    assert answer.stop_reason == "length"
    assert answer.usage.output_tokens == 5


async def test_a_stream_ends_in_the_same_answer(bench: Bench, gateway: OpenAIGateway) -> None:
    asked = saying("Count from 1 to 9.")
    whole = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=60)
    stream = gateway.chat.stream(asked, model=MODEL, max_output_tokens=60)
    with pytest.raises(LookupError):
        _ = stream.answer
    pieces = [piece async for piece in stream]
    assert len(pieces) > 1
    assert "".join(pieces) == stream.answer.text == whole.text
    assert (stream.answer.usage, stream.answer.stop_reason) == (whole.usage, "end")
    assert stream.answer.raw["choices"][0]["message"]["content"] == whole.text
    assert bench.purse.settled == [whole.usage, whole.usage]


async def test_a_stored_file_is_read_by_its_id(bench: Bench, gateway: OpenAIGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    without = await gateway.chat.ask(saying(QUESTION), model=MODEL, max_output_tokens=60)
    with_it = await gateway.chat.ask(saying(QUESTION, file.id), model=MODEL, max_output_tokens=60)
    assert "cobalt-heron-41" in with_it.text
    assert "cobalt-heron-41" not in without.text
    assert with_it.usage.input_tokens > without.usage.input_tokens
    content = bench.wire.exchanges[-1].request.json()["messages"][0]["content"]
    assert content[0] == {"type": "file", "file": {"file_id": file.id}}


async def test_a_file_that_is_not_there_is_refused_by_its_name(bench: Bench, gateway: OpenAIGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    await gateway.files.delete(file.id)
    with pytest.raises(NotFound) as gone:
        await gateway.chat.ask(saying(QUESTION, file.id), model=MODEL, max_output_tokens=60)
    assert file.id in gone.value.message
    foreign = "file_011CNha8iCJcU1wXNR6q4V8w"
    before = len(bench.wire.exchanges)
    with pytest.raises(InvalidRequest) as other:
        await gateway.chat.ask(saying(QUESTION, foreign), model=MODEL, max_output_tokens=60)
    assert foreign in other.value.message
    assert len(bench.wire.exchanges) == before + 1
    assert bench.purse.released == 2


async def test_the_count_is_what_the_answer_bills(gateway: OpenAIGateway) -> None:
    file = await gateway.files.upload(PASSPHRASE)
    messages = [
        Message(role="user", text="Good morning."),
        Message(role="assistant", text="Good morning!"),
        *saying(QUESTION, file.id),
    ]
    counted = await gateway.tokens.count(messages, model=MODEL, system="You are brief.")
    answer = await gateway.chat.ask(messages, model=MODEL, max_output_tokens=60, system="You are brief.")
    assert counted == answer.usage.input_tokens > 20


async def test_the_providers_count_is_asked_when_the_local_bound_is_too_high(
    bench: Bench, gateway: OpenAIGateway
) -> None:
    bench.purse.cap_input_tokens = 60
    answer = await gateway.chat.ask(saying("Answer exactly: yes"), model=MODEL, max_output_tokens=20)
    assert bench.purse.counted == [answer.usage.input_tokens]
    assert [(event.operation, event.usage) for event in bench.events] == [
        ("tokens.count", None),
        ("chat.create", answer.usage),
    ]
    bench.purse.cap_input_tokens = 5
    with pytest.raises(BudgetExceeded):
        await gateway.chat.ask(saying("Answer exactly: yes"), model=MODEL, max_output_tokens=20)
    assert [exchange.path for exchange in bench.wire.exchanges].count("/v1/chat/completions") == 1


async def test_a_stream_that_breaks_off_is_no_answer(bench: Bench, gateway: OpenAIGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"cut": True}})
    stream = gateway.chat.stream(saying("Count from 1 to 9."), model=MODEL, max_output_tokens=60)
    with pytest.raises(ServerError) as caught:
        _ = [piece async for piece in stream]
    assert caught.value.code == "connection_cut"


def test_cached_and_written_tokens_are_taken_out_of_the_input() -> None:
    figures = {
        "prompt_tokens": 1500,
        "completion_tokens": 20,
        "total_tokens": 1520,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 400, "audio_tokens": 0},
    }
    assert usage_of(figures) == Usage(
        uncached_input_tokens=76, cache_read_tokens=1024, cache_write_5m_tokens=400, output_tokens=20
    )


CALL = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("message", "finish", "text", "reason"),
    [
        ({"content": "yes", "refusal": None}, "stop", "yes", "end"),
        ({"content": "ye", "refusal": None}, "length", "ye", "length"),
        ({"content": None, "tool_calls": [CALL]}, "tool_calls", "", "tool_call"),
        ({"content": None, "tool_calls": [CALL]}, "stop", "", "tool_call"),
        ({"content": None, "refusal": "I cannot help."}, "stop", "I cannot help.", "refusal"),
        ({"content": "", "refusal": None}, "content_filter", "", "refusal"),
        ({"content": "x", "refusal": None}, "something new", "x", "other"),
    ],
)
def test_each_end_has_its_reason(message: dict[str, object], finish: str, text: str, reason: str) -> None:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    answer = answered({"id": "chatcmpl-1", "model": "m", "choices": [choice], "usage": usage})
    assert (answer.text, answer.stop_reason) == (text, reason)
    assert answer.usage == Usage(uncached_input_tokens=3, output_tokens=1)


# Models -----------------------------------------------------------------------------------------------------------------


async def test_models_are_listed_and_described(gateway: OpenAIGateway) -> None:
    listed = {model.id: model async for model in gateway.models.list()}
    assert MODEL in listed
    nano = await gateway.models.get("gpt-5-nano")
    assert nano == listed["gpt-5-nano"]
    assert nano.shutdown_on == datetime(2026, 12, 11, tzinfo=UTC)
    assert listed[MODEL].shutdown_on is None
    with pytest.raises(NotFound) as caught:
        await gateway.models.get("gpt-nonexistent")
    assert "gpt-nonexistent" in caught.value.message
    assert caught.value.code == "model_not_found"


# Errors and repeats -----------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_an_authentication_failure(bench: Bench) -> None:
    gateway = OpenAIGateway(bench.endpoint(Provider.OPENAI, key="sk-wrong-key-0123456789"), bench.http, bench.choke)
    with pytest.raises(AuthenticationFailed) as caught:
        await gateway.files.get("file-abc")
    assert "sk-wrong***********6789" in caught.value.message
    assert caught.value.code == "invalid_api_key"


async def test_too_many_requests_are_waited_for_as_asked_and_sent_once_more(
    bench: Bench, gateway: OpenAIGateway
) -> None:
    bench.tenant.faults({"operation": "files.upload", "times": 2, "do": {"status": 429, "retry_after": 7}})
    file = await gateway.files.upload(NOTES)
    assert bench.clock.sleeps == [7.0, 7.0]
    assert [exchange.status for exchange in bench.wire.exchanges] == [429, 429, 200]
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"files": [file.id]}}


async def test_an_upload_whose_answer_was_lost_is_found_again_by_its_marker(
    bench: Bench, gateway: OpenAIGateway
) -> None:
    bench.tenant.faults({"operation": "files.upload", "when": "after", "do": {"cut": True}})
    file = await gateway.files.upload(NOTES)
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"files": [file.id]}}
    assert bench.register.confirmed == {0: file.id}


async def test_the_sdk_itself_repeats_nothing(bench: Bench, gateway: OpenAIGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"status": 500}})
    with pytest.raises(ServerError):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)
    assert len(bench.wire.exchanges) == 1


async def test_an_answer_that_is_no_json_is_a_bad_response(bench: Bench, gateway: OpenAIGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)


async def test_a_request_that_takes_too_long_is_a_timeout(bench: Bench) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"delay_ms": 1000}})
    gateway = OpenAIGateway(bench.endpoint(Provider.OPENAI, request_timeout=0.1), bench.http, bench.choke)
    with pytest.raises(RequestTimeout):
        await gateway.chat.ask(saying("Hello"), model=MODEL, max_output_tokens=20)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, None, "no", InvalidRequest),
        (400, "context_length_exceeded", "too long", ContextOverflow),
        (400, None, "Not allowed to download files of purpose: vision", Unsupported),
        (403, None, "no", PermissionDenied),
        (404, "model_not_found", "no", NotFound),
        (413, None, "too large", LimitExceeded),
        (422, None, "no", InvalidRequest),
        (429, "insufficient_quota", "no credit", RateLimited),
        (502, None, "bad gateway", ServerError),
    ],
)
async def test_each_refusal_has_its_kind(status: int, code: str | None, message: str, kind: type[Exception]) -> None:
    body = {"message": message, "type": "x", "param": "p", "code": code}
    response = httpx2.Response(status, headers={"x-request-id": "req_1"}, request=httpx2.Request("GET", "http://x"))
    error = translate(openai.APIStatusError(message, response=response, body=body))
    assert type(error) is kind
    assert (error.message, error.status, error.code, error.request_id) == (message, status, code, "req_1")


# The client -------------------------------------------------------------------------------------------------------------


async def test_only_what_is_offered_is_there(gateway: OpenAIGateway) -> None:
    assert gateway.capabilities == {
        Capability.FILES,
        Capability.VECTOR_STORES,
        Capability.ASSISTANTS,
        Capability.ASSISTANTS_V2,
        Capability.BATCHES,
        Capability.FINE_TUNING,
        Capability.CHAT,
        Capability.EMBEDDINGS,
        Capability.TOKENS,
        Capability.MODELS,
    }


async def test_a_gateway_per_scenario_is_cheap(bench: Bench) -> None:
    endpoint = bench.endpoint(Provider.OPENAI)
    OpenAIGateway(endpoint, bench.http, bench.choke)
    assert quickest(lambda: OpenAIGateway(endpoint, bench.http, bench.choke)) < 0.002


async def test_no_key_is_recorded_and_answers_come_uncompressed(bench: Bench, gateway: OpenAIGateway) -> None:
    await gateway.files.list_page()
    headers = bench.wire.exchanges[0].request_headers
    assert bench.tenant.keys["OpenAI"] not in str(headers)
    assert headers["accept-encoding"] == "identity"
