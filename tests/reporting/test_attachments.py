"""How an exchange on the wire reads as an attachment."""

import gzip
import json

import pytest

from support.errors import BudgetExceeded, ServerError
from support.reporting import attachments
from support.values import Provider
from tests.reporting import fake_calls


def text(**parts):
    call = fake_calls.event(fake_calls.exchange(**parts))
    return attachments.text_of(call, call.exchanges[0])


def test_the_whole_of_a_small_exchange():
    call = fake_calls.event(
        fake_calls.exchange(path="/v1/chat/completions?x=1", sent={"model": "gpt-5-mini"}, got={"id": "c1"}),
        operation="chat.create",
        model="gpt-5-mini",
    )
    assert attachments.name_of(call, call.exchanges[0]) == "POST /v1/chat/completions → 200 (12 ms)"
    assert attachments.text_of(call, call.exchanges[0]) == (
        "chat.create on OpenAI, model gpt-5-mini\n"
        "attempt 1 of 1, 0.012 s until the head of the answer\n"
        "\n"
        "POST /v1/chat/completions?x=1\n"
        "user-agent: OpenAI/Python 3.54.0\n"
        "content-type: application/json\n"
        "\n"
        '{\n  "model": "gpt-5-mini"\n}\n'
        "\n"
        "200\n"
        "content-type: application/json\n"
        "x-request-id: req_1\n"
        "\n"
        '{\n  "id": "c1"\n}\n'
    )


def test_attempts_are_told_apart():
    call = fake_calls.event(fake_calls.exchange(status=503), fake_calls.exchange(attempt=2))
    names = [attachments.name_of(call, one) for one in call.exchanges]
    assert names == ["POST /v1/files → 503 (12 ms), attempt 1", "POST /v1/files → 200 (12 ms), attempt 2"]


def test_no_answer():
    call = fake_calls.event(fake_calls.exchange(status=None))
    assert attachments.name_of(call, call.exchanges[0]) == "POST /v1/files → ConnectError (12 ms)"
    assert attachments.text_of(call, call.exchanges[0]).endswith("No answer came: ConnectError.\n")


def test_nothing_sent():
    error = BudgetExceeded(
        "It could cost 2.00.", cap="scenario", limit=1, committed=0, asked=2, provider=Provider.OPENAI
    )
    call = fake_calls.event(operation="chat.create", error=error)
    assert attachments.unsent_name(call) == "chat.create on OpenAI: nothing was sent"
    assert attachments.unsent_text(call) == "chat.create on OpenAI\nbudget_exceeded: OpenAI: It could cost 2.00.\n"
    assert "It needed no request." in attachments.unsent_text(fake_calls.event())


def test_multipart_tells_each_part():
    form = (
        b'--b0\r\nContent-Disposition: form-data; name="expires_after[seconds]"\r\n\r\n3600\r\n'
        b'--b0\r\nContent-Disposition: form-data; name="file"; filename="page.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
        b"%PDF-1.7\0\xff\xfe\r\n--b0--\r\n"
    )
    told = text(sent=form, sent_type="multipart/form-data; boundary=b0")
    assert (
        "part expires_after[seconds]: 3600\npart file: file page.pdf, application/pdf, 11 bytes\n    (binary)\n" in told
    )


def test_a_long_file_is_cut():
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"x" * 5000 + b"\r\n--b--\r\n"
    )
    told = text(sent=form, sent_type="multipart/form-data; boundary=b")
    assert "part file: file a.txt, no type, 5,000 bytes" in told
    assert "… 4,600 more characters" in told


def test_binary_is_told_by_size_and_digest():
    told = text(got=b"\xff\xfe\x00\x01" * 10, got_type="application/octet-stream")
    assert "(application/octet-stream, 40 bytes, sha256 " in told


def test_long_strings_and_lists_are_cut_inside_json():
    told = text(got={"embedding": [0.5] * 1536, "b64": "A" * 4000, "last": "kept"})
    answer = json.loads(told.rpartition("\n\n")[2])
    assert len(answer["embedding"]) == 25
    assert answer["embedding"][-1] == "… 1,512 more"
    assert answer["b64"].endswith("… 3,000 more characters")
    assert answer["last"] == "kept"


def test_a_long_body_is_cut():
    told = text(got="word " * 5000, got_type="text/plain")
    assert len(told) < attachments.MOST_CHARACTERS + 500
    assert "… 19,000 more characters" in told


def test_server_events_keep_their_beginning_and_end():
    stream = "".join(f"event: delta\ndata: {number}\n\n" for number in range(100))
    told = text(got=stream, got_type="text/event-stream; charset=utf-8")
    assert [number for number in range(100) if f"data: {number}\n" in told] == [
        0,
        1,
        2,
        3,
        4,
        5,
        94,
        95,
        96,
        97,
        98,
        99,
    ]
    assert "… 88 more events …" in told


def test_compressed_answers_are_read():
    zipped = gzip.compress(b'{"id": "file-1"}')
    assert '"id": "file-1"' in text(got=zipped, **{"content-encoding": "gzip"})
    assert "(br-encoded, 3 bytes, sha256 " in text(got=b"abc", **{"content-encoding": "br"})


@pytest.mark.parametrize("character", ["é", "€", "😀"])
def test_text_that_was_kept_up_to_the_middle_of_a_character_is_text(character):
    told = text(got=("a" * 50 + character).encode()[:-1], got_type="text/plain")
    assert "a" * 50 in told


def test_an_error_that_was_sent_has_its_exchange():
    call = fake_calls.event(fake_calls.exchange(status=500, got="oops", got_type="text/html"), error=ServerError("no"))
    assert attachments.text_of(call, call.exchanges[0]).endswith("\n\noops\n")
