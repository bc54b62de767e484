"""Anthropic's simulated message batches: one status until the end, results by custom_id, cancellation, expiry (provider-facts 7.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import pytest
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

from tests.simulator.account import Account
from tests.simulator.batches import FOUR_OF_TEN

DAY = 86_400


def client(account: Account) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=account.keys["Anthropic"], base_url=account.url, max_retries=0)


@pytest.fixture
def sdk(tenant: Account) -> Iterator[anthropic.Anthropic]:
    with client(tenant) as made:
        yield made


def asked(custom_id: str, **changed: Any) -> Any:
    said = [{"role": "user", "content": f"Answer exactly: this is {custom_id}"}]
    return {
        "custom_id": custom_id,
        "params": {"model": "claude-haiku-5-5", "max_tokens": 64, "messages": said, **changed},
    }


def counts(batch: MessageBatch) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in batch.request_counts.to_dict().items() if count}  # type: ignore[misc]


def results(sdk: anthropic.Anthropic, batch_id: str) -> dict[str, MessageBatchIndividualResponse]:
    lines = list(sdk.messages.batches.results(batch_id))
    told = {line.custom_id: line for line in lines}
    assert len(told) == len(lines)
    return told


def refused(sdk: anthropic.Anthropic, requests: Any) -> str:
    with pytest.raises(anthropic.BadRequestError) as error:
        sdk.messages.batches.create(requests=requests)
    assert error.value.type == "invalid_request_error"
    assert sdk.messages.batches.list().data == []
    return str(error.value.api_message)


def test_all_is_processing_until_the_batch_has_ended(tenant: Account, sdk: anthropic.Anthropic) -> None:
    batch = sdk.messages.batches.create(requests=[asked(name) for name in "abcd"])
    assert batch.expires_at.timestamp() - batch.created_at.timestamp() == DAY
    for _ in range(5):
        tenant.advance(11)
        batch = sdk.messages.batches.retrieve(batch.id)
        assert (batch.processing_status, counts(batch), batch.results_url) == ("in_progress", {"processing": 4}, None)
    tenant.advance(5)
    batch = sdk.messages.batches.retrieve(batch.id)
    assert (batch.processing_status, counts(batch)) == ("ended", {"succeeded": 4})
    assert batch.ended_at is not None
    assert (batch.ended_at - batch.created_at).total_seconds() == 60
    assert batch.results_url == f"{tenant.url}/v1/messages/batches/{batch.id}/results"


def test_bad_parameters_are_found_when_a_request_is_done(tenant: Account, sdk: anthropic.Anthropic) -> None:
    requests = [asked("a"), asked("b", max_tokens=-1), asked("c", stream=True), asked("d", model="claude-none")]
    batch = sdk.messages.batches.create(requests=requests)
    tenant.advance(60)
    assert counts(sdk.messages.batches.retrieve(batch.id)) == {"succeeded": 2, "errored": 2}
    told = results(sdk, batch.id)
    assert list(told) != ["a", "b", "c", "d"], "the order of the results is nobody's promise"
    for name in ("a", "c"):
        result = told[name].result
        assert result.type == "succeeded"
        assert result.message.content[0].to_dict()["text"] == f"this is {name}"
        assert result.message.usage.service_tier == "batch"
    errors = {name: told[name].result.to_dict()["error"]["error"]["type"] for name in "bd"}  # type: ignore[index]
    assert errors == {"b": "invalid_request_error", "d": "not_found_error"}


def test_results_are_a_stream_of_lines_and_always_the_same(tenant: Account, sdk: anthropic.Anthropic) -> None:
    batch = sdk.messages.batches.create(requests=[asked("a"), asked("b")])
    with tenant.client("Anthropic") as http:
        path = f"/v1/messages/batches/{batch.id}"
        early = http.get(f"{path}/results")
        assert early.status_code == 404
        assert early.json()["error"]["message"] == f"Message Batch {batch.id} has no available results."
        assert http.get(path).headers["retry-after"] == "10"
        tenant.advance(60)
        assert "retry-after" not in http.get(path).headers
        answer = http.get(f"{path}/results")
        assert answer.headers["content-type"] == "application/x-jsonl"
        assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{batch.id}_results.jsonl"
        assert len(answer.text.splitlines()) == 2
        assert answer.content == http.get(f"{path}/results").content


def test_a_cancelled_batch_keeps_what_was_done(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations=FOUR_OF_TEN)
    with client(tenant) as sdk:
        batch = sdk.messages.batches.create(requests=[asked(f"r{number}") for number in range(10)])
        tenant.advance(20)
        batch = sdk.messages.batches.cancel(batch.id)
        assert (batch.processing_status, counts(batch)) == ("canceling", {"processing": 10})
        assert batch.cancel_initiated_at is not None
        tenant.advance(9)
        assert sdk.messages.batches.cancel(batch.id) == batch
        tenant.advance(1)
        batch = sdk.messages.batches.retrieve(batch.id)
        assert (batch.processing_status, counts(batch)) == ("ended", {"succeeded": 4, "canceled": 6})
        kinds = {name: line.result.type for name, line in results(sdk, batch.id).items()}
        assert kinds == {f"r{number}": "succeeded" if number < 4 else "canceled" for number in range(10)}
        with pytest.raises(anthropic.BadRequestError, match="ended"):
            sdk.messages.batches.cancel(batch.id)


def test_after_a_day_the_rest_expires(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"batches.running": 2.0 * DAY})
    with client(tenant) as sdk:
        batch = sdk.messages.batches.create(requests=[asked(name) for name in "abcd"])
        tenant.advance(DAY - 1)
        assert sdk.messages.batches.retrieve(batch.id).processing_status == "in_progress"
        tenant.advance(1)
        batch = sdk.messages.batches.retrieve(batch.id)
        assert (batch.ended_at, counts(batch)) == (batch.expires_at, {"succeeded": 2, "expired": 2})
        kinds = {name: line.result.type for name, line in results(sdk, batch.id).items()}
        assert kinds == {"a": "succeeded", "b": "succeeded", "c": "expired", "d": "expired"}


def test_results_are_kept_for_29_days(tenant: Account, sdk: anthropic.Anthropic) -> None:
    batch = sdk.messages.batches.create(requests=[asked("a")])
    tenant.advance(29 * DAY - 1)
    assert set(results(sdk, batch.id)) == {"a"}
    url = sdk.messages.batches.retrieve(batch.id).results_url
    tenant.advance(1)
    batch = sdk.messages.batches.retrieve(batch.id)
    assert batch.archived_at is not None
    assert ((batch.archived_at - batch.created_at).days, batch.results_url) == (29, None)
    gone = httpx.get(str(url), headers=tenant.headers("Anthropic"), trust_env=False)
    assert gone.status_code == 404


def test_only_an_ended_batch_can_be_deleted(tenant: Account, sdk: anthropic.Anthropic) -> None:
    batch = sdk.messages.batches.create(requests=[asked("a")])
    with pytest.raises(anthropic.BadRequestError):
        sdk.messages.batches.delete(batch.id)
    assert tenant.inventory()["Anthropic"] == {"batches": [batch.id]}
    tenant.advance(60)
    assert sdk.messages.batches.delete(batch.id).type == "message_batch_deleted"
    assert tenant.inventory() == {}
    for gone in (sdk.messages.batches.retrieve, sdk.messages.batches.cancel, sdk.messages.batches.delete):
        with pytest.raises(anthropic.NotFoundError):
            gone(batch.id)


@pytest.mark.parametrize("version", ["2026-10-21", "2023-06-01"])
def test_a_list_has_pages_newest_first(tenant: Account, sdk: anthropic.Anthropic, version: str) -> None:
    made = [sdk.messages.batches.create(requests=[asked("a")]).id for _ in range(5)]
    headers = {"anthropic-version": version}
    page = sdk.messages.batches.list(limit=2, extra_headers=headers)
    assert ([batch.id for batch in page.data], page.has_more) == ([made[4], made[3]], True)
    assert [batch.id for batch in sdk.messages.batches.list(limit=2, extra_headers=headers)] == made[::-1]
    assert [batch.id for batch in sdk.messages.batches.list(before_id=made[3]).data] == [made[4]]


def test_requests_are_read_in_the_version_that_sent_them(tenant: Account, sdk: anthropic.Anthropic) -> None:
    former = {"anthropic-version": "2023-06-01"}
    requests = [asked("a", temperature=0.5)]
    older = sdk.messages.batches.create(requests=requests, extra_headers=former)
    newer = sdk.messages.batches.create(requests=requests)
    tenant.advance(60)
    kinds = [results(sdk, batch.id)["a"].result.type for batch in (older, newer)]
    assert kinds == ["succeeded", "errored"]


def test_what_is_refused_at_once(sdk: anthropic.Anthropic) -> None:
    assert "at least 1 item" in refused(sdk, [])
    assert "requests.1.custom_id" in refused(sdk, [asked("a"), asked("a")])
    for wrong in ("a b", "", "x" * 65, "é"):
        assert "requests.0.custom_id: String should match pattern" in refused(sdk, [asked(wrong)])
    assert refused(sdk, [{"custom_id": "a"}]) == "requests.0.params: Field required"
    assert "Extra inputs" in refused(sdk, [asked("a") | {"priority": 1}])
    assert sdk.messages.batches.create(requests=[asked("x" * 64)]).request_counts.processing == 1


def test_the_limit_is_a_hundred_thousand_requests(tenant: Account, sdk: anthropic.Anthropic) -> None:
    requests = [{"custom_id": f"r{number}", "params": {}} for number in range(100_001)]
    assert "at most 100000 items" in refused(sdk, requests)
    assert sdk.messages.batches.create(requests=requests[1:]).request_counts.processing == 100_000  # type: ignore[arg-type]


def test_a_scripted_status_is_what_the_last_request_comes_to(tenant: Account, sdk: anthropic.Anthropic) -> None:
    tenant.script({"provider": "Anthropic", "operation": "batches.create", "do": {"outcome": "529"}})
    batch = sdk.messages.batches.create(requests=[asked("a"), asked("b")])
    tenant.advance(60)
    told = results(sdk, batch.id)
    assert told["a"].result.type == "succeeded"
    assert told["b"].result.to_dict()["error"]["error"]["type"] == "overloaded_error"  # type: ignore[index]
