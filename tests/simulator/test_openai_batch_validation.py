"""What is wrong with a batch's input file is found later: the batch fails, and tells the line (provider-facts 7.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.simulator.account import Account
from tests.simulator.batches import CHAT, begun, chat


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client


def failed(tenant: Account, sdk: openai.OpenAI, lines: list[Any]) -> list[tuple[str | None, str | None, int | None]]:
    """(code, param, line) of every error of a batch of these lines."""
    batch = begun(sdk, lines)
    assert batch.status == "validating"
    return errors_of(tenant, sdk, batch)


def errors_of(
    tenant: Account, sdk: openai.OpenAI, batch: openai.types.Batch
) -> list[tuple[str | None, str | None, int | None]]:
    tenant.advance(5)
    batch = sdk.batches.retrieve(batch.id)
    assert (batch.status, batch.failed_at) == ("failed", batch.created_at + 5)
    assert (batch.output_file_id, batch.error_file_id, batch.in_progress_at) == (None, None, None)
    assert batch.request_counts is not None
    assert batch.request_counts.total == 0
    assert batch.errors is not None
    assert batch.errors.data
    assert all(error.message for error in batch.errors.data)
    return [(error.code, error.param, error.line) for error in batch.errors.data]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (b"{not json}\n", [("invalid_json_line", None, 2)]),
        (b"[1]\n", [("invalid_json_line", None, 2)]),
        (chat("a"), [("duplicate_custom_id", "custom_id", 2)]),
        (chat("b", url="/v1/embeddings"), [("url_mismatch", "url", 2)]),
        (chat("b", method="GET"), [("invalid_method", "method", 2)]),
        (chat("b", body={"model": "gpt-5"}), [("model_mismatch", "body.model", 2)]),
        (chat("b", body={"model": None}), [("missing_required_parameter", "body.model", 2)]),
        ({"custom_id": "b", "method": "POST", "url": CHAT}, [("missing_required_parameter", "body", 2)]),
        (chat("b") | {"custom_id": 7}, [("invalid_type", "custom_id", 2)]),
        (chat("b") | {"body": []}, [("invalid_type", "body", 2)]),
        (b"\n{\n", [("invalid_json_line", None, 3)]),
    ],
)
def test_a_wrong_line_fails_the_batch(tenant: Account, sdk: openai.OpenAI, second: Any, told: list[Any]) -> None:
    assert failed(tenant, sdk, [chat("a"), second, chat("z")]) == told


def test_every_wrong_line_is_told(tenant: Account, sdk: openai.OpenAI) -> None:
    told = failed(tenant, sdk, [chat("a"), b"nothing\n", chat("a"), chat("b", url="/v1/x")])
    assert told == [
        ("invalid_json_line", None, 2),
        ("duplicate_custom_id", "custom_id", 3),
        ("url_mismatch", "url", 4),
    ]


def test_an_unknown_model_and_blank_lines(tenant: Account, sdk: openai.OpenAI) -> None:
    assert failed(tenant, sdk, [chat("a", body={"model": "gpt-none"})]) == [("model_not_found", "body.model", 1)]
    assert failed(tenant, sdk, [b"\n", b"  \n"]) == [("empty_file", None, None)]
    batch = begun(sdk, [b"\n", chat("a"), b"\r\n", chat("b")])
    tenant.advance(10)
    counts = sdk.batches.retrieve(batch.id).request_counts
    assert counts is not None
    assert counts.total == 2


def test_the_limit_is_fifty_thousand_requests(tenant: Account, sdk: openai.OpenAI) -> None:
    line = b'{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-6-luna"}}\n'
    lines = [line % number for number in range(50_001)]
    assert failed(tenant, sdk, lines) == [("too_many_tasks", None, None)]
    batch = begun(sdk, lines[1:])
    tenant.advance(5)
    batch = sdk.batches.retrieve(batch.id)
    assert batch.request_counts is not None
    assert (batch.status, batch.request_counts.total) == ("in_progress", 50_000)


def test_an_input_that_is_not_there_fails_later(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = sdk.batches.create(input_file_id="file-none", endpoint=CHAT, completion_window="24h")
    assert errors_of(tenant, sdk, batch) == [("invalid_input_file", None, None)]
    batch = begun(sdk, [chat("a")])
    sdk.files.delete(batch.input_file_id)
    assert errors_of(tenant, sdk, batch) == [("invalid_input_file", None, None)]


def test_once_it_runs_a_batch_does_without_its_input(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat("a")])
    tenant.advance(6)
    sdk.files.delete(batch.input_file_id)
    tenant.advance(80)
    assert sdk.batches.retrieve(batch.id).status == "completed"


def test_a_scripted_code_fails_the_whole_batch(tenant: Account, sdk: openai.OpenAI) -> None:
    tenant.script({"provider": "OpenAI", "operation": "batches.create", "do": {"outcome": "token_limit_exceeded"}})
    assert failed(tenant, sdk, [chat("a")]) == [("token_limit_exceeded", None, None)]
