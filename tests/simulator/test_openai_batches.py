"""OpenAI's simulated batches: their stages on the clock, their files, what is refused at once (provider-facts 7.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import openai
import pytest

from tests.simulator.account import Account
from tests.simulator.batches import CHAT, FOUR_OF_TEN, MODEL, begun, chat, results

DAY = 86_400


def client(account: Account) -> openai.OpenAI:
    return openai.OpenAI(api_key=account.keys["OpenAI"], base_url=f"{account.url}/v1", max_retries=0)


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with client(tenant) as made:
        yield made


def test_a_batch_goes_through_its_stages_and_counts_as_it_goes(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat(f"r{number}") for number in range(10)], metadata={"team": "handbook"})
    assert (batch.status, batch.model, batch.metadata) == ("validating", None, {"team": "handbook"})
    assert batch.expires_at == batch.created_at + DAY
    seen = []
    for _ in range(8):
        tenant.advance(10)
        batch = sdk.batches.retrieve(batch.id)
        assert batch.request_counts is not None
        assert batch.usage is not None
        assert (batch.usage.total_tokens > 0) is (batch.status == "completed")
        seen.append((batch.status, batch.request_counts.total, batch.request_counts.completed))
    assert seen == [
        ("in_progress", 10, 0),
        ("in_progress", 10, 2),
        ("in_progress", 10, 4),
        ("in_progress", 10, 5),
        ("in_progress", 10, 7),
        ("in_progress", 10, 9),
        ("completed", 10, 10),
        ("completed", 10, 10),
    ]
    started, created = batch.in_progress_at, batch.created_at
    assert (started, batch.finalizing_at, batch.completed_at) == (created + 5, created + 65, created + 70)
    assert batch.model == MODEL
    assert batch.error_file_id is None


def test_finalizing_counts_all_and_has_no_files_yet(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat("a"), chat("b")])
    tenant.advance(66)
    batch = sdk.batches.retrieve(batch.id)
    assert batch.status == "finalizing"
    assert batch.request_counts is not None
    assert batch.request_counts.completed == 2
    assert batch.output_file_id is None


def test_answers_and_refusals_lie_in_files_of_their_own(tenant: Account, sdk: openai.OpenAI) -> None:
    lines = [chat("a"), chat("b"), chat("bad", body={"max_completion_tokens": -1}), chat("c")]
    batch = begun(sdk, lines)
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    counts = batch.request_counts
    assert counts is not None
    assert (batch.status, counts.total, counts.completed, counts.failed) == ("completed", 4, 3, 1)
    answers, refusals = results(sdk, batch.output_file_id), results(sdk, batch.error_file_id)
    assert list(answers) != ["a", "b", "c"], "the order of the results is nobody's promise"
    for name in ("a", "b", "c"):
        answer = answers[name]
        assert (answer["error"], answer["response"]["status_code"]) == (None, 200)
        said = openai.types.chat.ChatCompletion.model_validate(answer["response"]["body"])
        assert said.choices[0].message.content == f"this is {name}"
    assert refusals["bad"]["error"] is None
    assert refusals["bad"]["response"]["status_code"] == 400
    assert refusals["bad"]["response"]["body"]["error"]["param"] == "max_completion_tokens"
    assert batch.usage is not None
    usages = [answer["response"]["body"]["usage"] for answer in answers.values()]
    assert batch.usage.input_tokens == sum(usage["prompt_tokens"] for usage in usages)
    assert batch.usage.output_tokens == sum(usage["completion_tokens"] for usage in usages)


def test_the_output_is_a_file_like_any_other(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat("a"), chat("b")], output_expires_after={"anchor": "created_at", "seconds": 3600})
    later = sdk.files.create(file=("later.txt", b"x"), purpose="user_data")
    tenant.advance(80)
    output = next(
        file for file in sdk.files.list() if file.purpose == "batch_output"
    )  # before anybody asks for the batch
    batch = sdk.batches.retrieve(batch.id)
    assert (output.id, output.filename) == (batch.output_file_id, f"{batch.id}_output.jsonl")
    assert output.created_at == batch.completed_at
    assert output.expires_at == output.created_at + 3600
    answer = sdk.files.content(output.id)
    assert answer.response.headers["content-type"] == "application/octet-stream"
    content = answer.read()
    assert output.bytes == len(content)
    assert content == sdk.files.content(output.id).read(), "read twice, it is the same"
    assert tenant.inventory()["OpenAI"] == {"files": [batch.input_file_id, later.id, output.id]}
    sdk.files.delete(output.id)
    with pytest.raises(openai.NotFoundError):
        sdk.files.content(output.id)
    assert sdk.batches.retrieve(batch.id).output_file_id == output.id


def test_all_refused_is_completed_without_an_output(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat("a", body={"temperature": 9}), chat("b", body={"n": 0})])
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert set(results(sdk, batch.error_file_id)) == {"a", "b"}


def test_embeddings(tenant: Account, sdk: openai.OpenAI) -> None:
    url, model = "/v1/embeddings", "text-embedding-3-small"
    lines = [
        chat(name, url=url, body={"x": 1}) | {"body": {"model": model, "input": text, "dimensions": 8}}
        for name, text in (("a", "a cat"), ("b", ""), ("c", ["a dog", "a fox"]))
    ]
    batch = begun(sdk, lines, endpoint=url)
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    answers = results(sdk, batch.output_file_id)
    made = openai.types.CreateEmbeddingResponse.model_validate(answers["c"]["response"]["body"])
    assert [len(item.embedding) for item in made.data] == [8, 8]
    assert set(results(sdk, batch.error_file_id)) == {"b"}
    assert batch.usage is not None
    assert batch.usage.input_tokens == sum(
        line["response"]["body"]["usage"]["prompt_tokens"] for line in answers.values()
    )


def test_responses(tenant: Account, sdk: openai.OpenAI) -> None:
    url = "/v1/responses"
    lines = [
        chat(name, url=url) | {"body": {"model": MODEL, "input": f"Answer exactly: this is {name}", **more}}
        for name, more in (("a", {}), ("b", {"background": True}), ("bad", {"max_output_tokens": 1}))
    ]
    batch = begun(sdk, lines, endpoint=url)
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    answers = results(sdk, batch.output_file_id)
    made = {
        name: openai.types.responses.Response.model_validate(line["response"]["body"]) for name, line in answers.items()
    }
    assert {name: (one.status, one.output_text) for name, one in made.items()} == {
        "a": ("completed", "this is a"),
        "b": ("completed", "this is b"),
    }
    assert set(results(sdk, batch.error_file_id)) == {"bad"}
    assert batch.usage is not None
    assert batch.usage.output_tokens == sum(one.usage.output_tokens for one in made.values() if one.usage)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(made["a"].id)
    assert sdk.files.content(batch.output_file_id or "").read() == sdk.files.content(batch.output_file_id or "").read()


def test_a_cancelled_batch_keeps_what_was_done(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations=FOUR_OF_TEN)
    with client(tenant) as sdk:
        batch = begun(sdk, [chat(f"r{number}") for number in range(10)])
        tenant.advance(20)
        assert sdk.batches.cancel(batch.id).status == "cancelling"
        assert tenant.inventory()["OpenAI"]["batches"] == [batch.id]
        tenant.advance(9)
        batch = sdk.batches.retrieve(batch.id)
        assert (batch.status, batch.output_file_id) == ("cancelling", None)
        assert sdk.batches.cancel(batch.id) == batch
        tenant.advance(1)
        batch = sdk.batches.retrieve(batch.id)
        counts = batch.request_counts
        assert counts is not None
        assert (batch.status, counts.total, counts.completed, counts.failed) == ("cancelled", 10, 4, 0)
        assert (batch.cancelling_at, batch.cancelled_at) == (batch.created_at + 20, batch.created_at + 30)
        assert set(results(sdk, batch.output_file_id)) == {"r0", "r1", "r2", "r3"}
        rest = results(sdk, batch.error_file_id)
        assert set(rest) == {f"r{number}" for number in range(4, 10)}
        assert {(line["response"], line["error"]["code"]) for line in rest.values()} == {(None, "batch_cancelled")}
        assert "batches" not in tenant.inventory()["OpenAI"]
        with pytest.raises(openai.ConflictError, match="cancelled"):
            sdk.batches.cancel(batch.id)


def test_cancelled_while_it_is_checked_it_never_counts(tenant: Account, sdk: openai.OpenAI) -> None:
    batch = begun(sdk, [chat("a")])
    sdk.batches.cancel(batch.id)
    tenant.advance(60)
    batch = sdk.batches.retrieve(batch.id)
    assert batch.request_counts is not None
    assert (batch.status, batch.request_counts.total, batch.in_progress_at, batch.model) == ("cancelled", 0, None, None)
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


def test_after_a_day_it_expires_with_what_was_done(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"batches.validating": 0.0, "batches.running": 4.0 * DAY})
    with client(tenant) as sdk:
        batch = begun(sdk, [chat(name) for name in "abcd"])
        tenant.advance(DAY - 1)
        assert sdk.batches.retrieve(batch.id).status == "in_progress"
        tenant.advance(1)
        batch = sdk.batches.retrieve(batch.id)
        assert (batch.status, batch.expired_at) == ("expired", batch.expires_at)
        assert set(results(sdk, batch.output_file_id)) == {"a"}
        rest = results(sdk, batch.error_file_id)
        assert {name: line["error"]["code"] for name, line in rest.items()} == dict.fromkeys("bcd", "batch_expired")
        size = sdk.files.retrieve(batch.error_file_id or "").bytes
        assert size == len(sdk.files.content(batch.error_file_id or "").read())


def test_a_list_has_pages_newest_first(sdk: openai.OpenAI) -> None:
    made = [begun(sdk, [chat("a")]).id for _ in range(5)]
    page = sdk.batches.list(limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == ([made[4], made[3]], True)
    assert [batch.id for batch in sdk.batches.list(limit=2)] == made[::-1]


def test_files_that_requests_refer_to_may_be_gone_when_results_are_read(tenant: Account, sdk: openai.OpenAI) -> None:
    note = sdk.files.create(file=("note.txt", b"The code word is heron."), purpose="user_data")
    content = [{"type": "file", "file": {"file_id": note.id}}, {"type": "text", "text": "What is the code word?"}]
    batch = begun(sdk, [chat("a", body={"messages": [{"role": "user", "content": content}]})])
    sdk.files.delete(note.id)
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    body = results(sdk, batch.output_file_id)["a"]["response"]["body"]
    assert "heron" in body["choices"][0]["message"]["content"]


def test_a_stream_is_answered_whole_and_no_prompt_is_cached(tenant: Account, sdk: openai.OpenAI) -> None:
    long = "A sentence that is here to fill the prompt. " * 200
    asked = [{"role": "user", "content": f"{long} Say hello."}]
    batch = begun(sdk, [chat(name, body={"messages": asked, "stream": True}) for name in "ab"])
    tenant.advance(80)
    answers = results(sdk, sdk.batches.retrieve(batch.id).output_file_id)
    cached = {line["response"]["body"]["usage"]["prompt_tokens_details"]["cached_tokens"] for line in answers.values()}
    assert (set(answers), cached) == ({"a", "b"}, {0})


def test_a_scripted_status_is_what_the_last_request_comes_to(tenant: Account, sdk: openai.OpenAI) -> None:
    tenant.script({"provider": "OpenAI", "operation": "batches.create", "do": {"outcome": "500"}})
    batch = begun(sdk, [chat("a"), chat("b")])
    tenant.advance(80)
    batch = sdk.batches.retrieve(batch.id)
    refused = results(sdk, batch.error_file_id)
    assert {name: line["response"]["status_code"] for name, line in refused.items()} == {"b": 500}
    assert set(results(sdk, batch.output_file_id)) == {"a"}


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        ({"endpoint": "/v1/nothing"}, "endpoint"),
        ({"completion_window": "48h"}, "completion_window"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 5}}, "output_expires_after.seconds"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
)
def test_what_is_refused_at_once(sdk: openai.OpenAI, wanted: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        begun(sdk, [chat("a")], **wanted)
    assert refused.value.param == param
    assert sdk.batches.list().data == []


def test_a_file_of_another_purpose_and_an_unknown_batch_are_refused(sdk: openai.OpenAI) -> None:
    file = sdk.files.create(file=("input.jsonl", json.dumps(chat("a")).encode()), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="purpose"):
        sdk.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
    with pytest.raises(openai.NotFoundError, match="batch_none"):
        sdk.batches.retrieve("batch_none")
    with pytest.raises(openai.NotFoundError, match="batch_none"):
        sdk.batches.cancel("batch_none")
