"""Gemini's simulated batches: operations with states, results inline or in a file, embeddings (provider-facts 7.3)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.simulator.account import Account
from tests.simulator.batches import FOUR_OF_TEN

DAY = 86_400
MODEL = "gemini-3.5-flash-lite"


def client(account: Account, version: str = "v1") -> genai.Client:
    options = types.HttpOptions(base_url=account.url, api_version=version)
    return genai.Client(api_key=account.keys["Gemini"], http_options=options)


@pytest.fixture
def sdk(tenant: Account) -> Iterator[genai.Client]:
    with client(tenant) as made:
        yield made


def asked(key: str, **config: Any) -> types.InlinedRequest:
    settings = types.GenerateContentConfig(max_output_tokens=64, **config)
    return types.InlinedRequest(contents=f"Answer exactly: this is {key}", metadata={"key": key}, config=settings)


def wrong(key: str) -> types.InlinedRequest:
    return types.InlinedRequest(
        contents="x", metadata={"key": key}, config=types.GenerateContentConfig(max_output_tokens=-1)
    )


def begun(sdk: genai.Client, source: Any, **config: Any) -> types.BatchJob:
    return sdk.batches.create(model=MODEL, src=source, config=types.CreateBatchJobConfig(**config))


def stored(sdk: genai.Client, lines: list[Any]) -> str:
    """The name of an input file of these lines."""
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return str(sdk.files.upload(file=io.BytesIO(data), config={"mime_type": "application/jsonl"}).name)


def line(key: str, **changed: Any) -> dict[str, Any]:
    contents = [{"role": "user", "parts": [{"text": f"Answer exactly: this is {key}"}]}]
    return {"key": key, "request": {"contents": contents, **changed}}


def after(sdk: genai.Client, job: types.BatchJob) -> types.BatchJob:
    return sdk.batches.get(name=str(job.name))


def inlined(job: types.BatchJob) -> list[types.InlinedResponse]:
    assert job.dest is not None
    assert job.dest.inlined_responses is not None
    return job.dest.inlined_responses


def test_a_batch_is_an_operation_with_states_and_no_progress(tenant: Account, sdk: genai.Client) -> None:
    job = begun(sdk, [asked("a"), asked("b")], display_name="two questions")
    assert (job.display_name, job.model, job.state) == ("two questions", f"models/{MODEL}", "JOB_STATE_PENDING")
    with tenant.client("Gemini") as http:

        def told() -> tuple[Any, ...]:
            operation = http.get(f"/v1beta/{job.name}").raise_for_status().json()
            metadata = operation["metadata"]
            return operation.get("done"), metadata["state"], metadata["batchStats"], "output" in metadata

        pending = {"requestCount": "2", "pendingRequestCount": "2"}
        assert told() == (None, "BATCH_STATE_PENDING", pending, False)
        tenant.advance(5)
        assert told() == (None, "BATCH_STATE_RUNNING", pending, False)
        tenant.advance(59)
        assert told() == (None, "BATCH_STATE_RUNNING", pending, False)
        tenant.advance(1)
        assert told() == (True, "BATCH_STATE_SUCCEEDED", {"requestCount": "2", "successfulRequestCount": "2"}, True)
        operation = http.get(f"/v1/{job.name}").json()
    output = operation["metadata"]["output"]
    assert operation["response"].items() >= output.items()
    ended = after(sdk, job)
    assert ended.end_time is not None
    assert ended.create_time is not None
    assert (ended.end_time - ended.create_time).total_seconds() == 65


def test_inline_results_stand_in_the_order_of_the_requests(tenant: Account, sdk: genai.Client) -> None:
    job = begun(sdk, [asked("a"), wrong("bad"), asked("b"), asked("c")])
    tenant.advance(65)
    told = inlined(after(sdk, job))
    assert [(item.metadata or {})["key"] for item in told] == ["a", "bad", "b", "c"]
    assert [item.response.text if item.response else None for item in told] == [
        "this is a", None, "this is b", "this is c",
    ]  # fmt: skip
    assert told[1].error is not None
    assert told[1].error.code == 3
    assert "max_output_tokens" in str(told[1].error.message)
    assert told[0].response is not None
    assert told[0].response.usage_metadata is not None
    assert inlined(after(sdk, job)) == told, "read twice, they are the same"


def test_results_of_a_file_lie_in_a_file(tenant: Account, sdk: genai.Client) -> None:
    lines = [line("a"), b"{not json}", line("b"), line("bad", generation_config={"max_output_tokens": 0})]
    job = begun(sdk, stored(sdk, lines))
    tenant.advance(65)
    assert any(file.source == "GENERATED" for file in sdk.files.list())  # before anybody asks for the batch
    job = after(sdk, job)
    assert job.dest is not None
    name = str(job.dest.file_name)
    content = sdk.files.download(file=name)
    told = [json.loads(text) for text in content.splitlines()]
    by_key = {item.get("key"): item for item in told}
    assert list(by_key) != ["a", None, "b", "bad"], "the order of the results is nobody's promise"
    for key in ("a", "b"):
        candidate = types.Candidate.model_validate(by_key[key]["response"]["candidates"][0])
        assert candidate.content is not None
        assert [part.text for part in candidate.content.parts or ()] == [f"this is {key}"]
    assert (by_key["bad"]["error"]["code"], by_key[None]["error"]["code"]) == (3, 3)
    file = sdk.files.get(name=name)
    assert (file.size_bytes, file.source) == (len(content), "GENERATED")
    assert file.expiration_time is not None
    assert job.end_time is not None
    assert (file.expiration_time - job.end_time).total_seconds() == 2 * DAY
    sdk.files.delete(name=name)
    with pytest.raises(errors.ClientError):
        sdk.files.get(name=name)


@pytest.mark.filterwarnings("ignore::google.genai.errors.ExperimentalWarning")
def test_embeddings(tenant: Account, sdk: genai.Client) -> None:
    source = {"inlined_requests": {"contents": ["a cat", "a dog"], "config": {"output_dimensionality": 8}}}
    job = sdk.batches.create_embeddings(model="gemini-embedding-001", src=source)  # type: ignore[arg-type]
    tenant.advance(65)
    job = after(sdk, job)
    assert job.dest is not None
    made = job.dest.inlined_embed_content_responses
    assert made is not None
    vectors = [item.response.embedding.values for item in made if item.response and item.response.embedding]
    assert [len(vector or ()) for vector in vectors] == [8, 8]
    alone = sdk.models.embed_content(
        model="gemini-embedding-001", contents="a cat", config=types.EmbedContentConfig(output_dimensionality=8)
    )
    assert alone.embeddings is not None
    assert alone.embeddings[0].values == vectors[0]


def test_a_cancelled_batch_keeps_what_was_done(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations=FOUR_OF_TEN)
    with client(tenant) as sdk:
        job = begun(sdk, [asked(f"r{number}") for number in range(10)])
        tenant.advance(20)
        sdk.batches.cancel(name=str(job.name))
        tenant.advance(9)
        assert after(sdk, job).state == "JOB_STATE_RUNNING"
        tenant.advance(1)
        job = after(sdk, job)
        assert job.state == "JOB_STATE_CANCELLED"
        told = inlined(job)
        assert [item.error.code if item.error else None for item in told] == [None] * 4 + [1] * 6
        with tenant.client("Gemini") as http:
            operation = http.get(f"/v1/{job.name}").json()
            assert (operation["done"], operation["error"]["code"], "response" in operation) == (True, 1, False)
            again = http.post(f"/v1/{job.name}:cancel", json={})
        assert (again.status_code, again.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")


def test_after_two_days_it_expires_with_nothing(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"batches.running": 5.0 * DAY})
    with client(tenant) as sdk:
        job = begun(sdk, [asked("a"), asked("b")])
        tenant.advance(2 * DAY - 1)
        assert after(sdk, job).state == "JOB_STATE_RUNNING"
        tenant.advance(1)
        job = after(sdk, job)
        assert (job.state, job.dest) == ("JOB_STATE_EXPIRED", None)


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_batches_are_listed_in_pages_and_deleted(tenant: Account, version: str) -> None:
    with client(tenant, version) as sdk:
        made = [str(begun(sdk, [asked("a")]).name) for _ in range(5)]
        listed = [job.name for job in sdk.batches.list(config={"page_size": 2})]
        assert listed == made[::-1]
        assert tenant.inventory()["Gemini"] == {"batches": made[::-1]}
        for name in made:
            sdk.batches.delete(name=name)
        assert tenant.inventory() == {}
        with pytest.raises(errors.ClientError) as gone:
            sdk.batches.get(name=made[0])
        assert gone.value.code == 404


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({}, 400),
        ({"requests": {"requests": []}}, 400),
        ({"requests": {"requests": [{"metadata": {"key": "a"}}]}}, 400),
        ({"requests": {"requests": [{"request": {"colour": "red"}}]}}, 400),
        ({"fileName": "files/none", "requests": {"requests": [{"request": {}}]}}, 400),
        ({"fileName": "files/none"}, 403),
    ],
)
def test_what_is_refused_at_once(tenant: Account, config: dict[str, Any], status: int) -> None:
    with tenant.client("Gemini") as http:
        answer = http.post(f"/v1beta/models/{MODEL}:batchGenerateContent", json={"batch": {"inputConfig": config}})
    assert answer.status_code == status
    assert tenant.inventory() == {}


def test_an_embedding_model_answers_no_batch_of_questions(sdk: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as refused:
        sdk.batches.create(model="gemini-embedding-001", src=[asked("a")])
    assert refused.value.code == 404


def test_a_script_fails_the_last_request_or_the_whole_batch(tenant: Account, sdk: genai.Client) -> None:
    tenant.script({"provider": "Gemini", "operation": "batches.create", "do": {"outcome": "503"}})
    job = begun(sdk, [asked("a"), asked("b")])
    tenant.script({"provider": "Gemini", "operation": "batches.create", "do": {"outcome": "internal"}})
    lost = begun(sdk, [asked("a")])
    tenant.advance(65)
    assert [item.error.code if item.error else None for item in inlined(after(sdk, job))] == [None, 14]
    assert after(sdk, lost).state == "JOB_STATE_FAILED"
