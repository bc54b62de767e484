"""The gateway's Anthropic against the simulator: files, chat, tokens, models, errors, and the record of the wire."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anthropic
import httpx2
import pytest
from fpdf import FPDF

from support import errors
from support.gateway.anthropic.chat import usage
from support.gateway.anthropic.errors import translate
from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.capabilities import Capability
from support.gateway.endpoint import shared_client
from support.values import FileReference, Message, Provider, Usage
from tests.gateway.conftest import ATTEMPTS, Bench, quickest

MODEL = "claude-haiku-5-5"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
UNKNOWN_FILE = "file_011CdeLUpakHYCG43qGLsdXo"
WORDS = b"The passphrase is cobalt-heron-41.\n"

pytestmark = pytest.mark.anyio


@pytest.fixture
def gateway(bench: Bench) -> AnthropicGateway:
    return AnthropicGateway(bench.endpoint(Provider.ANTHROPIC), bench.http, bench.choke)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_bytes(WORDS)
    return path


def user(text: str, *files: FileReference) -> list[Message]:
    return [Message(role="user", text=text, files=files)]


def served(bench: Bench, operation: str) -> int:
    """How many requests of an operation the simulator has counted."""
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"Anthropic {operation}", 0))


# Files ---------------------------------------------------------------------------------------------------------------


async def test_an_upload_is_one_multipart_request_with_the_bytes_unchanged(
    bench: Bench, gateway: AnthropicGateway, notes: Path
) -> None:
    file = await gateway.files.upload(notes)
    assert (file.name, file.size_bytes, file.mime_type) == ("notes.txt", 35, "text/plain")
    assert (file.created_at, file.expires_at, file.purpose) == (NOW, None, None)
    assert file.sent_name == file.raw["filename"] != file.name
    assert file.raw["id"] == file.id
    [exchange] = bench.wire.exchanges
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/v1/files", 200)
    assert exchange.request_headers["content-type"].startswith("multipart/form-data; boundary=")
    assert exchange.request_headers["anthropic-version"] == "2026-10-21"
    assert WORDS in bytes(exchange.request.kept)
    assert bench.tenant.keys["Anthropic"] not in str(exchange)
    assert bench.register.confirmed == {0: file.id}
    [(_, kind, marker)] = bench.register.intended
    assert (kind, file.sent_name) == ("file", f"{marker}notes.txt")


async def test_a_file_is_read_listed_and_removed(bench: Bench, gateway: AnthropicGateway, notes: Path) -> None:
    file = await gateway.files.upload(notes)
    assert await gateway.files.get(file.id) == file
    assert [found.id async for found in gateway.files.list()] == [file.id]
    gone = await gateway.files.delete(file.id)
    assert (gone.provider, gone.id) == (Provider.ANTHROPIC, file.id)
    assert bench.register.removals == [(Provider.ANTHROPIC, "file", file.id)]
    with pytest.raises(errors.NotFound) as missing:
        await gateway.files.get(file.id)
    assert file.id in missing.value.message
    assert bench.tenant.state()["inventory"] == {}


async def test_pages_follow_each_other(gateway: AnthropicGateway, notes: Path) -> None:
    made = [(await gateway.files.upload(notes)).id for _ in range(5)]
    first = await gateway.files.list_page(limit=2)
    second = await gateway.files.list_page(limit=2, cursor=first.next_cursor)
    last = await gateway.files.list_page(limit=2, cursor=second.next_cursor)
    assert [len(page.files) for page in (first, second, last)] == [2, 2, 1]
    assert last.next_cursor is None
    assert [file.id async for file in gateway.files.list(page_size=2)] == made[::-1]


async def test_a_list_by_ids_has_only_those_that_exist(gateway: AnthropicGateway, notes: Path) -> None:
    kept, gone, _ = [await gateway.files.upload(notes) for _ in range(3)]
    await gateway.files.delete(gone.id)
    page = await gateway.files.list_page(ids=[kept.id, gone.id])
    assert [file.id for file in page.files] == [kept.id]


async def test_an_expiry_is_what_was_asked_for(bench: Bench, gateway: AnthropicGateway, notes: Path) -> None:
    file = await gateway.files.upload(notes, expires_after=timedelta(hours=1))
    assert file.expires_at == NOW + timedelta(hours=1)
    bench.tenant.advance(3601)
    with pytest.raises(errors.NotFound):
        await gateway.files.get(file.id)


async def test_an_upload_cannot_be_read_back(gateway: AnthropicGateway, notes: Path) -> None:
    file = await gateway.files.upload(notes)
    with pytest.raises(errors.Unsupported) as refused:
        await gateway.files.content(file.id)
    assert refused.value.code == "file_not_downloadable"
    assert refused.value.status == 400


async def test_a_purpose_and_an_order_are_refused_before_anything_is_sent(
    bench: Bench, gateway: AnthropicGateway, notes: Path
) -> None:
    with pytest.raises(errors.Unsupported):
        await gateway.files.upload(notes, purpose="batch")
    with pytest.raises(errors.Unsupported):
        await gateway.files.list_page(purpose="batch")
    with pytest.raises(errors.Unsupported):
        await gateway.files.list_page(order="asc")
    assert bench.wire.exchanges == []


async def test_the_provider_judges_where_the_gateway_does_not(
    bench: Bench, gateway: AnthropicGateway, notes: Path
) -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        await gateway.files.upload(notes, expires_after=timedelta(seconds=1), preflight=False)
    assert refused.value.status == 400
    assert refused.value.param == "expires_in_seconds"
    assert refused.value.provider_message == ("expires_in_seconds: Input should be greater than or equal to 3600")
    assert refused.value.request_id is not None
    assert refused.value.request_id.startswith("req_")
    assert refused.value.sent == 1
    assert served(bench, "files.upload") == 1


async def test_an_upload_that_took_effect_unseen_is_found_again(
    bench: Bench, gateway: AnthropicGateway, notes: Path
) -> None:
    bench.tenant.faults({"operation": "files.upload", "when": "after", "do": {"cut": True}})
    file = await gateway.files.upload(notes)
    assert bench.tenant.state()["inventory"] == {"Anthropic": {"files": [file.id]}}
    assert served(bench, "files.upload") == 1


# Chat and tokens -----------------------------------------------------------------------------------------------------


async def test_an_answer_carries_its_text_and_its_usage(bench: Bench, gateway: AnthropicGateway) -> None:
    answer = await gateway.chat.ask(user("Answer exactly: pong"), model=MODEL, max_output_tokens=50, system="Be brief.")
    assert (answer.text, answer.stop_reason, answer.model) == ("pong", "end", MODEL)
    assert answer.usage == Usage(uncached_input_tokens=answer.raw["usage"]["input_tokens"], output_tokens=1)
    assert bench.purse.settled == [answer.usage]
    [exchange] = bench.wire.exchanges
    sent = exchange.request.json()
    assert sent == {
        "model": MODEL,
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Answer exactly: pong"}],
        "system": "Be brief.",
        "output_config": {"effort": "low"},
    }
    [event] = bench.events
    assert (event.operation, event.model, event.usage) == ("chat.create", MODEL, answer.usage)


async def test_a_stream_ends_with_the_same_answer(bench: Bench, gateway: AnthropicGateway) -> None:
    asked = user("Answer exactly: one two three four five six seven")
    whole = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=50)
    stream = gateway.chat.stream(asked, model=MODEL, max_output_tokens=50)
    pieces = [piece async for piece in stream]
    assert len(pieces) > 1
    assert "".join(pieces) == whole.text == stream.answer.text
    assert (stream.answer.usage, stream.answer.stop_reason) == (whole.usage, whole.stop_reason)
    assert stream.answer.raw["content"] == [{"type": "text", "text": whole.text}]
    assert {**stream.answer.raw, "id": None} == {**whole.raw, "id": None}
    assert bench.purse.settled == [whole.usage, stream.answer.usage]


async def test_the_reason_of_the_end_is_told(gateway: AnthropicGateway) -> None:
    asked = user("Answer exactly: one two END three")
    short = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=1)
    stopped = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=50, stop=["END"])
    assert (short.text, short.stop_reason, short.usage.output_tokens) == ("one", "length", 1)
    assert (stopped.text.strip(), stopped.stop_reason) == ("one two", "stop_sequence")


async def test_a_stored_file_is_used_by_its_id(bench: Bench, gateway: AnthropicGateway, tmp_path: Path) -> None:
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=12)
    page.cell(text="The passphrase is cobalt-heron-41.")
    path = tmp_path / "passphrase.pdf"
    path.write_bytes(bytes(page.output()))
    file = await gateway.files.upload(path)
    reference = FileReference(file_id=file.id)
    with_it = user("What is the passphrase?", reference)
    answer = await gateway.chat.ask(with_it, model=MODEL, max_output_tokens=100)
    without = await gateway.chat.ask(user("What is the passphrase?"), model=MODEL, max_output_tokens=100)
    assert "cobalt-heron-41" in answer.text
    assert "cobalt-heron-41" not in without.text
    assert answer.usage.input_tokens > without.usage.input_tokens
    assert await gateway.tokens.count(with_it, model=MODEL) == answer.usage.input_tokens
    sent = bench.wire.exchanges[1].request.json()["messages"][0]["content"]
    assert sent[0] == {"type": "document", "source": {"type": "file", "file_id": file.id}}
    await gateway.files.delete(file.id)
    with pytest.raises(errors.NotFound) as refused:
        await gateway.chat.ask(with_it, model=MODEL, max_output_tokens=100)
    assert file.id in refused.value.message
    assert bench.purse.released > 0


async def test_a_picture_is_an_image_block(bench: Bench, gateway: AnthropicGateway) -> None:
    picture = FileReference(file_id=UNKNOWN_FILE, mime_type="image/png")
    with pytest.raises(errors.NotFound):
        await gateway.chat.ask(user("What is it?", picture), model=MODEL, max_output_tokens=20)
    block = bench.wire.exchanges[0].request.json()["messages"][0]["content"][0]
    assert block == {"type": "image", "source": {"type": "file", "file_id": UNKNOWN_FILE}}


async def test_a_count_is_a_free_call(bench: Bench, gateway: AnthropicGateway) -> None:
    count = await gateway.tokens.count(user("hello"), model=MODEL, system="Be brief.")
    assert count > 1
    assert [operation.bound for operation in bench.purse.reserved] == [None]
    assert [event.operation for event in bench.events] == ["tokens.count"]


async def test_a_bound_that_would_cross_a_cap_is_tightened_by_the_count(
    bench: Bench, gateway: AnthropicGateway
) -> None:
    asked = user("word " * 200 + "Answer exactly: pong")
    exact = await gateway.tokens.count(asked, model=MODEL)
    bench.purse.cap_input_tokens = exact
    answer = await gateway.chat.ask(asked, model=MODEL, max_output_tokens=20)
    assert bench.purse.counted == [exact]
    assert answer.usage.input_tokens == exact
    bench.purse.cap_input_tokens = exact - 1
    before = served(bench, "chat.create")
    with pytest.raises(errors.BudgetExceeded):
        await gateway.chat.ask(asked, model=MODEL, max_output_tokens=20)
    assert served(bench, "chat.create") == before


async def test_a_stream_that_is_cut_stays_reserved(bench: Bench, gateway: AnthropicGateway) -> None:
    bench.tenant.faults(
        {
            "operation": "chat.create",
            "do": {
                "status": 200,
                "body": {"no": "event"},
            },
        }
    )
    with pytest.raises(errors.BadResponse):
        async for _ in gateway.chat.stream(user("hi"), model=MODEL, max_output_tokens=20):
            pass
    assert (bench.purse.settled, bench.purse.released) == ([], 0)


def test_the_kinds_of_tokens_do_not_overlap() -> None:
    counts = {
        "input_tokens": 12,
        "cache_creation_input_tokens": 7425,
        "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 3710, "ephemeral_1h_input_tokens": 3715},
        "output_tokens": 10,
    }
    assert usage(counts) == Usage(
        uncached_input_tokens=12,
        cache_read_tokens=3,
        cache_write_5m_tokens=3710,
        cache_write_1h_tokens=3715,
        output_tokens=10,
    )
    assert usage({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 5}) == Usage(
        uncached_input_tokens=1, cache_write_5m_tokens=5, output_tokens=2
    )


# Models --------------------------------------------------------------------------------------------------------------


async def test_a_model_and_all_models(bench: Bench, gateway: AnthropicGateway) -> None:
    model = await gateway.models.get("claude-sonnet-4-5")
    assert (model.id, model.display_name) == ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5")
    assert (model.context_window_tokens, model.max_output_tokens) == (1_000_000, 64_000)
    assert model.shutdown_on == datetime(2026, 11, 30, tzinfo=UTC)
    models = [found async for found in gateway.models.list()]
    assert {MODEL, model.id} <= {found.id for found in models}
    assert next(found for found in models if found.id == MODEL).shutdown_on is None
    with pytest.raises(errors.NotFound) as missing:
        await gateway.models.get("claude-nope")
    assert missing.value.param == "model"
    assert "claude-nope" in missing.value.message


async def test_the_list_of_models_goes_on_to_its_last_page(
    bench: Bench, gateway: AnthropicGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [found.id async for found in gateway.models.list()]
    plain = anthropic.resources.models.AsyncModels.list
    monkeypatch.setattr(
        anthropic.resources.models.AsyncModels, "list", lambda self, **options: plain(self, limit=3, **options)
    )
    assert [found.id async for found in gateway.models.list()] == whole
    assert served(bench, "models.list") == 1 + -(-len(whole) // 3)


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "sent"),
    [
        (400, errors.InvalidRequest, 1),
        (401, errors.AuthenticationFailed, 1),
        (402, errors.PermissionDenied, 1),
        (403, errors.PermissionDenied, 1),
        (404, errors.NotFound, 1),
        (409, errors.Conflict, 1),
        (413, errors.LimitExceeded, 1),
        (422, errors.InvalidRequest, 1),
        (429, errors.RateLimited, ATTEMPTS),
        (500, errors.ServerError, ATTEMPTS),
        (503, errors.ServerError, ATTEMPTS),
        (504, errors.ServerError, ATTEMPTS),
        (529, errors.RateLimited, ATTEMPTS),
    ],
)
async def test_a_status_has_its_kind_and_is_repeated_only_where_it_may_pass(
    bench: Bench, gateway: AnthropicGateway, status: int, kind: type[errors.TouchstoneError], sent: int
) -> None:
    bench.tenant.faults({"operation": "files.get", "times": 10, "do": {"status": status, "message": "as scripted"}})
    with pytest.raises(kind) as raised:
        await gateway.files.get(UNKNOWN_FILE)
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.provider_message) == (status, "as scripted")
    assert (raised.value.provider, raised.value.operation) == (Provider.ANTHROPIC, "files.get")
    assert served(bench, "files.get") == sent


async def test_a_wait_is_as_long_as_the_provider_asks(bench: Bench, gateway: AnthropicGateway) -> None:
    bench.tenant.faults({"operation": "chat.create", "do": {"status": 429, "retry_after": 7}})
    answer = await gateway.chat.ask(user("Answer exactly: pong"), model=MODEL, max_output_tokens=20)
    assert answer.text == "pong"
    assert bench.clock.sleeps == [7.0]


async def test_a_wrong_key_is_refused_as_such(bench: Bench) -> None:
    endpoint = bench.endpoint(Provider.ANTHROPIC, key="sk-ant-wrong")
    gateway = AnthropicGateway(endpoint, bench.http, bench.choke)
    with pytest.raises(errors.AuthenticationFailed) as refused:
        await gateway.files.get(UNKNOWN_FILE)
    assert (refused.value.status, refused.value.code) == (401, "authentication_error")
    assert "sk-ant-wrong" not in str(refused.value)


async def test_an_unreadable_answer_and_a_slow_one(bench: Bench, gateway: AnthropicGateway) -> None:
    bench.tenant.faults({"operation": "files.get", "do": {"garbage": True}})
    with pytest.raises(errors.BadResponse):
        await gateway.files.get(UNKNOWN_FILE)
    bench.tenant.faults({"operation": "files.get", "times": ATTEMPTS, "do": {"delay_ms": 400}})
    impatient = AnthropicGateway(bench.endpoint(Provider.ANTHROPIC, request_timeout=0.1), bench.http, bench.choke)
    with pytest.raises(errors.RequestTimeout):
        await impatient.files.get(UNKNOWN_FILE)


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [("overloaded_error", errors.RateLimited, 529), ("api_error", errors.ServerError, 500)],
)
async def test_an_error_inside_a_stream_is_judged_by_its_type(
    kind: str, expected: type[errors.TouchstoneError], status: int
) -> None:
    body = {"type": "error", "error": {"type": kind, "message": "Overloaded"}, "request_id": "req_1"}
    response = httpx2.Response(200, request=httpx2.Request("POST", "http://127.0.0.1/v1/messages"))
    error = translate(anthropic.APIStatusError("as in the SDK", response=response, body=body))
    assert type(error) is expected
    assert (error.status, error.provider_message) == (status, "Overloaded")


def test_a_prompt_that_is_too_long_is_an_overflow() -> None:
    message = "prompt is too long: 3333404 tokens > 200000 maximum"
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    response = httpx2.Response(400, request=httpx2.Request("POST", "http://127.0.0.1/v1/messages"))
    error = translate(anthropic.BadRequestError("as in the SDK", response=response, body=body))
    assert type(error) is errors.ContextOverflow
    assert error.provider_message == message


# The gateway itself --------------------------------------------------------------------------------------------------


async def test_the_gateway_offers_what_it_has(gateway: AnthropicGateway) -> None:
    assert gateway.provider is Provider.ANTHROPIC
    assert gateway.capabilities >= {
        Capability.FILES,
        Capability.BATCHES,
        Capability.CHAT,
        Capability.TOKENS,
        Capability.MODELS,
    }
    assert gateway.files is gateway.files


async def test_a_gateway_for_a_scenario_is_made_at_no_cost(bench: Bench) -> None:
    endpoint = bench.endpoint(Provider.ANTHROPIC)
    AnthropicGateway(endpoint, bench.http, bench.choke)
    assert quickest(lambda: AnthropicGateway(endpoint, bench.http, bench.choke)) < 0.002


async def test_only_the_shared_transport_is_used(bench: Bench) -> None:
    async with shared_client() as other:
        gateway = AnthropicGateway(bench.endpoint(Provider.ANTHROPIC), other, bench.choke)
        await gateway.tokens.count(user("hello"), model=MODEL)
    assert [exchange.path for exchange in bench.wire.exchanges] == ["/v1/messages/count_tokens"]
    with pytest.raises(errors.TouchstoneError):
        await gateway.tokens.count(user("hello"), model=MODEL)
