"""LL-01 to LL-06: the requests of training, what cannot be trained, the legacy form, and names of trained models."""

import re
from pathlib import Path

import pytest

from support.catalogue.limits import tuning_limits
from support.catalogue.models import model_for
from support.errors import InvalidRequest, JobFailed
from support.gateway.capabilities import ProviderGateway
from support.gateway.open import open_gateway
from support.gateway.training_data import check
from support.values import Provider, TuningOptions
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

CHOSEN = model_for(Provider.OPENAI, "fine_tuning")
assert CHOSEN is not None
MODEL = CHOSEN.id
FIXTURES = ROOT / "fixtures"
JOBS = "/v1/fine_tuning/jobs"


@pytest.fixture
def openai(bench: Bench) -> ProviderGateway:
    return open_gateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)


async def test_the_five_verbs_are_the_five_documented_requests(bench: Bench, openai: ProviderGateway) -> None:
    stored = await openai.files.upload(FIXTURES / "training-12.jsonl", purpose="fine-tune")
    tuning = openai.fine_tuning
    begun = len(bench.wire.exchanges)
    job = await tuning.create(stored.id, model=MODEL)
    await tuning.list_page()
    await tuning.get(job.id)
    await tuning.events_page(job.id)
    await tuning.cancel(job.id)
    assert [(one.method, one.path.partition("?")[0]) for one in bench.wire.exchanges[begun:]] == [
        ("POST", JOBS),
        ("GET", JOBS),
        ("GET", f"{JOBS}/{job.id}"),
        ("GET", f"{JOBS}/{job.id}/events"),
        ("POST", f"{JOBS}/{job.id}/cancel"),
    ]


async def test_bad_data_is_taken_and_fails_later_and_only_the_wait_says_so(openai: ProviderGateway) -> None:
    job = await openai.fine_tuning.create(FIXTURES / "training-bad-no-role.jsonl", model=MODEL, validate=False)
    assert (job.status, job.failure, job.ended) == ("validating_files", None, False)
    with pytest.raises(JobFailed) as failed:
        await openai.fine_tuning.wait(job.id)
    assert (failed.value.kind, failed.value.param) == ("job_failed", "training_file")
    ended = await openai.fine_tuning.get(job.id)
    assert ended.failure is not None
    assert (ended.status, ended.failure.param) == ("failed", "training_file")


@pytest.mark.parametrize("model", ["text-embedding-3-small", "gpt-image-1", "gpt-6-luna"])
async def test_what_cannot_be_trained_is_refused_with_what_can_and_leaves_no_job(
    bench: Bench, openai: ProviderGateway, model: str
) -> None:
    stored = await openai.files.upload(FIXTURES / "training-12.jsonl", purpose="fine-tune")
    with pytest.raises(InvalidRequest) as refused:
        await openai.fine_tuning.create(stored.id, model=model)
    assert model in refused.value.message
    assert [name for name in tuning_limits(Provider.OPENAI).tunable if name not in refused.value.message] == []
    assert (await openai.fine_tuning.list_page()).jobs == ()
    said = bench.wire.exchanges[-2].response.json()["error"]["message"]
    assert refused.value.provider_message == said, "the provider's own words are kept beside the list"


async def test_the_legacy_form_is_called_by_its_name_and_stays_at_home(bench: Bench, openai: ProviderGateway) -> None:
    legacy = FIXTURES / "training-bad-legacy.jsonl"
    [fault] = check(legacy).faults
    assert (fault.line, fault.code) == (2, "legacy_form")
    assert "legacy" in fault.message
    with pytest.raises(InvalidRequest, match=r"line 2 .*legacy"):
        await openai.fine_tuning.create(legacy, model=MODEL)
    assert bench.wire.exchanges == []


def first_examples(folder: Path, number: int) -> Path:
    lines = (FIXTURES / "training-12.jsonl").read_bytes().splitlines(keepends=True)
    data = folder / "training.jsonl"
    data.write_bytes(b"".join(lines[:number]))
    return data


async def test_nine_examples_do_not_train_here_or_there(bench: Bench, openai: ProviderGateway, tmp_path: Path) -> None:
    nine = first_examples(tmp_path, 9)
    with pytest.raises(InvalidRequest) as refused:
        await openai.fine_tuning.create(nine, model=MODEL)
    assert bench.wire.exchanges == []
    job = await openai.fine_tuning.create(nine, model=MODEL, validate=False)
    with pytest.raises(JobFailed) as failed:
        await openai.fine_tuning.wait(job.id)
    for said in (refused.value.message, failed.value.message):
        assert {"9", "10"} <= set(re.findall(r"\b\d+\b", said)), said


async def test_ten_examples_train_here_and_there(openai: ProviderGateway, tmp_path: Path) -> None:
    ten = first_examples(tmp_path, 10)
    assert check(ten).faults == ()
    job = await openai.fine_tuning.create(ten, model=MODEL)
    assert (await openai.fine_tuning.wait(job.id)).status == "succeeded"


async def test_a_trained_models_name_has_five_parts_and_the_model_can_be_deleted(openai: ProviderGateway) -> None:
    options = TuningOptions(suffix="harbour")
    job = await openai.fine_tuning.create(FIXTURES / "training-12.jsonl", model=MODEL, options=options)
    model = (await openai.fine_tuning.wait(job.id)).tuned_model
    assert model is not None
    ft, base, organisation, suffix, own = model.split(":")
    assert (ft, base, suffix) == ("ft", job.model, "harbour")
    assert organisation
    assert own
    assert model in [one.id async for one in openai.models.list()]
    assert (await openai.fine_tuning.delete_model(model)).id == model
    assert model not in [one.id async for one in openai.models.list()]
