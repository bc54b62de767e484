"""LL-07, LL-11, LL-13: an upload's purpose is a field of its own, its bytes arrive as they are, and what is no file stays here."""

import hashlib
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from support.catalogue.limits import file_limits
from support.errors import InvalidRequest, LocalFileMissing, TouchstoneError
from support.gateway.capabilities import Files
from support.gateway.exchanges import Exchange
from support.gateway.open import open_gateway
from support.values import Provider
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

FIXTURES = ROOT / "fixtures"
PURPOSES = file_limits(Provider.OPENAI).purposes
assert PURPOSES is not None
FORMS = [Provider.OPENAI, Provider.ANTHROPIC]
"""Gemini takes uploads in two requests instead of a form (provider-facts 2.3)."""
LINES = {"batch": "batch-requests.jsonl", "fine-tune": "training-12.jsonl"}


def files_of(bench: Bench, provider: Provider) -> Files:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke).files


def parts_of(exchange: Exchange) -> dict[str, Any]:
    """The parts of a form, by their names; read by the standard library, which knows nothing of SDK or simulator."""
    kind = exchange.request_headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary="), kind
    form: Any = BytesParser(policy=HTTP).parsebytes(
        b"content-type: " + kind.encode() + b"\r\n\r\n" + exchange.request.kept
    )
    return {str(part.get_param("name", header="content-disposition")): part for part in form.iter_parts()}


@pytest.mark.parametrize("purpose", PURPOSES.upload)
async def test_a_purpose_travels_in_a_field_of_its_own(bench: Bench, purpose: str) -> None:
    await files_of(bench, Provider.OPENAI).upload(FIXTURES / LINES.get(purpose, "notes-1k.txt"), purpose=purpose)
    [sent] = bench.wire.exchanges
    parts = parts_of(sent)
    assert set(parts) == {"file", "purpose"}
    assert parts["purpose"].get_payload(decode=True) == purpose.encode()
    assert parts["purpose"].get_filename() is None


@pytest.mark.parametrize("purpose", [7, b"batch", ["batch"], {"purpose": "batch"}, True, ""])
async def test_what_is_no_purpose_does_not_travel(bench: Bench, purpose: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await files_of(bench, Provider.OPENAI).upload(FIXTURES / "notes-1k.txt", purpose=purpose)
    assert refused.value.param == "purpose"
    assert bench.wire.exchanges == []


CONTENTS = {
    "notes.txt": b"The tide comes in twice a day.\r\n",
    "tides.bin": bytes(range(256)) * 64 + b"\r\n--\r\n\0",
    "Gezeiten – Ebbe & Flut, 潮.txt": "Zweimal am Tag kommt die Flut. 潮の満ち引き。\n".encode(),
}


@pytest.fixture(params=CONTENTS)
def document(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made: Path = tmp_path / request.param
    made.write_bytes(CONTENTS[request.param])
    return made


@pytest.mark.parametrize("provider", FORMS)
async def test_an_upload_is_a_form_whose_bytes_are_those_of_the_file(
    bench: Bench, provider: Provider, document: Path
) -> None:
    stored = await files_of(bench, provider).upload(document)
    [sent] = bench.wire.exchanges
    part = parts_of(sent)["file"]
    content = CONTENTS[document.name]
    assert hashlib.sha256(part.get_payload(decode=True)).hexdigest() == hashlib.sha256(content).hexdigest()
    assert (stored.name, stored.size_bytes) == (document.name, len(content))


async def test_geminis_second_request_has_the_bytes_of_the_file(bench: Bench, document: Path) -> None:
    stored = await files_of(bench, Provider.GEMINI).upload(document)
    _, sent = bench.wire.exchanges
    content = CONTENTS[document.name]
    assert sent.request.sha256 == hashlib.sha256(content).hexdigest()
    assert (stored.name, stored.size_bytes) == (document.name, len(content))


@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize(
    ("what", "kind"), [("missing", LocalFileMissing), ("empty", InvalidRequest), ("folder", InvalidRequest)]
)
async def test_what_is_no_file_is_refused_by_its_path_before_anything_is_sent(
    bench: Bench, tmp_path: Path, provider: Provider, what: str, kind: type[TouchstoneError]
) -> None:
    path = tmp_path / what
    if what == "empty":
        path.touch()
    elif what == "folder":
        path.mkdir()
    with pytest.raises(TouchstoneError) as refused:
        await files_of(bench, provider).upload(path)
    assert type(refused.value) is kind
    assert str(path) in refused.value.message
    assert (bench.wire.exchanges, bench.register.intended) == ([], [])
