"""OpenAI's fine-tuning against the running simulator: jobs, events, money, models and what is refused."""

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.catalogue.models import model_for
from support.errors import (
    BudgetExceeded,
    Conflict,
    InvalidRequest,
    JobFailed,
    LocalFileMissing,
    NotFound,
    PermissionDenied,
    Retired,
    UnknownPrice,
    Unsupported,
    WaitTimeout,
)
from support.gateway import fine_tuning as rules
from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.openai import fine_tuning, training_tokens
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.purse import LedgerPurse
from support.gateway.training_data import check
from support.housekeeping.cleanup import cleanup
from support.housekeeping.kinds import kind_named
from support.journal import Journal, Target
from support.ledger import Caps, Ledger
from support.ledger.prices import price
from support.simulator.openai.fine_tuning_routes import closed
from support.values import Message, Money, Provider, TuningEvent, TuningJob, TuningOptions, Usage
from tests.gateway.conftest import Bench, Tenant
from tests.simulator import training_files as training

pytestmark = pytest.mark.anyio

CHOSEN = model_for(Provider.OPENAI, "fine_tuning")
assert CHOSEN is not None
MODEL = CHOSEN.id
PINNED = "gpt-4o-mini-2024-07-18"
THREE = TuningOptions(n_epochs=3)
TRAINING = Decimal(3) / 1_000_000
DENIED = {
    "error": {
        "message": "You have insufficient permissions for this operation.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
}


@pytest.fixture
def gateway(bench: Bench) -> OpenAIGateway:
    return OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)


@pytest.fixture
def twelve(tmp_path: Path) -> Path:
    return written(tmp_path / "training.jsonl", map(training.example, range(12)))


def written(path: Path, examples: Iterable[Any]) -> Path:
    path.write_bytes(training.lines(*examples))
    return path


def posts(bench: Bench, path: str = "/v1/fine_tuning/jobs") -> list[dict[str, Any]]:
    """Bodies of what was sent to create a job, in order."""
    return [
        exchange.request.json()
        for exchange in bench.wire.exchanges
        if (exchange.method, exchange.path) == ("POST", path)
    ]


def reserved(bench: Bench) -> Decimal | None:
    (bound,) = [operation.bound for operation in bench.purse.reserved if operation.name == "fine_tuning.create"]
    assert bound is not None
    return bound.fees_usd


def asking(text: str) -> list[Message]:
    return [Message(role="user", text=text)]


# Beginning -------------------------------------------------------------------------------------------------------------


async def test_a_job_is_created_from_a_local_file(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    assert (job.status, job.model, job.raw["object"]) == ("validating_files", PINNED, "fine_tuning.job")
    assert (job.tuned_model, job.trained_tokens, job.finished_at, job.failure) == (None, None, None, None)
    assert job.created_at == bench.tenant.now()
    assert job.options == TuningOptions(seed=job.options.seed)
    assert job.marked == bench.register.intended[0][2]
    file = await gateway.files.get(job.training_file)
    assert (file.purpose, file.name, file.size_bytes) == ("fine-tune", twelve.name, check(twelve).size_bytes)
    assert await gateway.fine_tuning.get(job.id) == job
    assert [one async for one in gateway.fine_tuning.list()] == [job]
    kinds = [kind for _, kind, _ in bench.register.intended]
    assert kinds == ["tuning_job", "file"]
    assert bench.register.confirmed == {0: job.id, 1: file.id}


async def test_options_are_sent_in_the_method_and_told_back(
    bench: Bench, gateway: OpenAIGateway, twelve: Path, tmp_path: Path
) -> None:
    options = TuningOptions(
        n_epochs=3, batch_size=4, learning_rate_multiplier=0.1, seed=7, suffix="bdd", metadata={"team": "acceptance"}
    )
    other = written(tmp_path / "validation.jsonl", [training.example(40)])
    job = await gateway.fine_tuning.create(twelve, model=MODEL, validation=other, options=options)
    (sent,) = posts(bench)
    assert sent["method"] == {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.1}},
    }
    assert "hyperparameters" not in sent
    assert (sent["suffix"], sent["seed"], sent["metadata"]) == (
        "bdd",
        7,
        {"team": "acceptance", "touchstone": job.marked},
    )
    seen = await gateway.fine_tuning.get(job.id)
    assert (seen.options, seen.metadata) == (options, {"team": "acceptance"})
    assert seen.validation_file == sent["validation_file"] != sent["training_file"]


async def test_options_that_are_left_out_are_not_sent(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    (sent,) = posts(bench)
    assert sent["method"] == {"type": "supervised", "supervised": {"hyperparameters": {}}}
    assert {"suffix", "seed", "validation_file", "hyperparameters"}.isdisjoint(sent)
    assert set(job.raw["hyperparameters"].values()) == {"auto"}


async def test_preferences_are_called_dpo(bench: Bench, gateway: OpenAIGateway, tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", map(training.preference, range(12)))
    options = TuningOptions(method="preference", beta=0.5, n_epochs=1, seed=1)
    job = await gateway.fine_tuning.create(path, model=MODEL, options=options)
    (sent,) = posts(bench)
    assert sent["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 1, "beta": 0.5}}}
    assert job.options == options
    done = await gateway.fine_tuning.wait(job.id)
    estimate = await gateway.fine_tuning.estimate(check(path, method="preference"), model=MODEL, options=options)
    assert done.trained_tokens == estimate.tokens


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("n_epochs", TuningOptions(n_epochs=0)),
        ("n_epochs", TuningOptions(n_epochs=51)),
        ("batch_size", TuningOptions(batch_size=0)),
        ("batch_size", TuningOptions(batch_size=257)),
        ("learning_rate_multiplier", TuningOptions(learning_rate_multiplier=-1)),
        ("learning_rate_multiplier", TuningOptions(learning_rate_multiplier=0)),
        ("learning_rate_multiplier", TuningOptions(learning_rate_multiplier=float("nan"))),
        ("beta", TuningOptions(method="preference", beta=0)),
        ("beta", TuningOptions(method="preference", beta=2.1)),
        ("beta", TuningOptions(beta=1)),
        ("suffix", TuningOptions(suffix="x" * 65)),
        ("suffix", TuningOptions(suffix="")),
        ("seed", TuningOptions(seed=-1)),
        ("grader", TuningOptions(method="reinforcement")),
        ("grader", TuningOptions(grader={"type": "string_check"})),
        ("metadata", TuningOptions(metadata={str(number): "x" for number in range(16)})),
    ],
)
async def test_options_out_of_range_are_refused_unsent(
    bench: Bench, gateway: OpenAIGateway, twelve: Path, field: str, options: TuningOptions
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await gateway.fine_tuning.create(twelve, model=MODEL, options=options)
    assert (caught.value.param, caught.value.status) == (field, None)
    assert bench.wire.exchanges == []


@pytest.mark.parametrize(
    "options",
    [
        TuningOptions(n_epochs=1, batch_size=1),
        TuningOptions(n_epochs=50, batch_size=256),
        TuningOptions(learning_rate_multiplier=0.0001, suffix="x" * 64, seed=2_147_483_647),
        TuningOptions(metadata={str(number): "x" for number in range(15)}),
    ],
)
async def test_options_at_the_ends_of_their_ranges_are_taken(
    gateway: OpenAIGateway, twelve: Path, options: TuningOptions
) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=options)
    assert job.options == options.model_copy(update={"seed": job.options.seed})


async def test_bad_data_is_refused_with_its_lines_and_nothing_is_sent(
    bench: Bench, gateway: OpenAIGateway, tmp_path: Path, twelve: Path
) -> None:
    values: list[Any] = [training.example(number) for number in range(12)]
    values[2], values[6] = [], {"messages": []}
    bad = written(tmp_path / "bad.jsonl", values)
    few = written(tmp_path / "few.jsonl", map(training.example, range(9)))
    for training_file, validation, words in (
        (bad, None, ("line 3", "line 7")),
        (few, None, (" 9 ", " 10 ")),
        (twelve, bad, ("line 3",)),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await gateway.fine_tuning.create(training_file, model=MODEL, validation=validation)
        assert all(word in caught.value.message for word in words)
        assert caught.value.param == ("training" if validation is None else "validation")
    with pytest.raises(InvalidRequest):
        await gateway.fine_tuning.create(written(tmp_path / "training.txt", values), model=MODEL)
    with pytest.raises(LocalFileMissing):
        await gateway.fine_tuning.create(tmp_path / "nowhere.jsonl", model=MODEL)
    assert bench.wire.exchanges == []
    assert bench.register.intended == []


async def test_bad_data_that_is_left_to_the_provider_fails_the_job_and_costs_nothing(
    bench: Bench, gateway: OpenAIGateway, tmp_path: Path
) -> None:
    few = written(tmp_path / "few.jsonl", map(training.example, range(9)))
    job = await gateway.fine_tuning.create(few, model=MODEL, validate=False)
    assert (reserved(bench) or 0) > 0
    with pytest.raises(JobFailed) as caught:
        await gateway.fine_tuning.wait(job.id)
    error = caught.value
    assert (error.code, error.param, error.provider) == ("invalid_n_examples", "training_file", "OpenAI")
    for word in (job.id, "9 example", "at least 10", "invalid_n_examples", "training_file"):
        assert word in error.message
    seen = await gateway.fine_tuning.get(job.id)
    assert (seen.status, seen.tuned_model, seen.trained_tokens) == ("failed", None, None)
    assert seen.failure is not None
    assert seen.failure.message == error.provider_message
    assert [one async for one in gateway.fine_tuning.list()] == [seen]
    events = [event async for event in gateway.fine_tuning.follow(job.id)]
    assert [event.level for event in events][-1] == "error"
    assert "at least 10" in events[-1].message
    assert bench.purse.settled_late == [(Usage(), Decimal(0))]


async def test_a_stored_file_is_taken_by_its_id(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    file = await gateway.files.upload(twelve, purpose="fine-tune")
    before = len(bench.wire.exchanges)
    job = await gateway.fine_tuning.create(file.id, model=MODEL, options=THREE)
    assert len(bench.wire.exchanges) == before + 1
    assert reserved(bench) == file.size_bytes * 3 * TRAINING
    done = await gateway.fine_tuning.wait(job.id)
    assert done.trained_tokens is not None
    assert done.trained_tokens * TRAINING < (reserved(bench) or 0)


async def test_what_the_provider_refuses_is_an_invalid_request(
    bench: Bench, gateway: OpenAIGateway, twelve: Path
) -> None:
    other = await gateway.files.upload(twelve)
    for file, model in (
        ("file-unknown", MODEL),
        (other.id, MODEL),
        (twelve, "text-embedding-3-small"),
        (twelve, "no-such-model"),
        (twelve, "gpt-4o-nonsense"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await gateway.fine_tuning.create(file, model=model)
        assert caught.value.status in (400, 404)
    assert [job async for job in gateway.fine_tuning.list()] == []


# Looking ---------------------------------------------------------------------------------------------------------------


async def test_a_job_goes_through_its_states(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    seen: list[TuningJob] = [job]
    for seconds in (30, 60, 510):
        bench.tenant.advance(seconds)
        seen.append(await gateway.fine_tuning.get(job.id))
    assert [one.status for one in seen] == ["validating_files", "queued", "running", "succeeded"]
    assert [one.estimated_finish is not None for one in seen] == [False, False, True, False]
    assert [one.finished_at is not None for one in seen] == [False, False, False, True]
    assert {(one.created_at, one.training_file, one.model) for one in seen} == {
        (job.created_at, job.training_file, PINNED)
    }


async def test_jobs_are_listed_newest_first_in_pages_and_by_label(gateway: OpenAIGateway, twelve: Path) -> None:
    assert [job async for job in gateway.fine_tuning.list()] == []
    file = await gateway.files.upload(twelve, purpose="fine-tune")
    made = [
        await gateway.fine_tuning.create(file.id, model=MODEL, options=TuningOptions(metadata={"number": str(number)}))
        for number in range(5)
    ]
    newest = [job.id for job in reversed(made)]
    assert [job.id async for job in gateway.fine_tuning.list(page_size=2)] == newest
    sizes, cursor = [], None
    while True:
        page = await gateway.fine_tuning.list_page(limit=2, cursor=cursor)
        sizes.append(len(page.jobs))
        if (cursor := page.next_cursor) is None:
            break
    assert sizes == [2, 2, 1]
    assert [job.id async for job in gateway.fine_tuning.list(metadata={"number": "3"})] == [made[3].id]
    with pytest.raises(InvalidRequest):
        await gateway.fine_tuning.list_page(cursor="ftjob-unknown")


async def test_an_unknown_job_is_not_found_by_its_name(gateway: OpenAIGateway) -> None:
    of = gateway.fine_tuning
    for call in (of.get, of.cancel, of.pause, of.resume, of.events_page, of.checkpoints, of.wait):
        with pytest.raises(NotFound) as caught:
            await call("ftjob-unknown")
        assert "ftjob-unknown" in caught.value.message
    with pytest.raises(NotFound):
        _ = [event async for event in of.follow("ftjob-unknown")]


# Ending ----------------------------------------------------------------------------------------------------------------


async def test_a_job_is_waited_for_until_it_has_its_model(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=TuningOptions(n_epochs=3, suffix="bdd"))
    told: list[TuningEvent] = []
    done = await gateway.fine_tuning.wait(job.id, on_event=told.append)
    assert (done.status, done.ended) == ("succeeded", True)
    assert done.tuned_model is not None
    assert done.tuned_model.startswith(f"ft:{PINNED}:touchstone:bdd:")
    assert done.finished_at is not None
    estimate = await gateway.fine_tuning.estimate(check(twelve), model=MODEL, options=THREE)
    assert done.trained_tokens == estimate.tokens * 3
    assert done.tuned_model in [model.id async for model in gateway.models.list()]
    (result,) = done.result_files
    rows = list(csv.DictReader((await gateway.files.content(result)).decode().splitlines()))
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 37)]
    kinds = [(kind, bench.register.confirmed[number]) for number, (_, kind, _) in enumerate(bench.register.intended)]
    assert kinds[2:] == [("tuned_model", done.tuned_model), ("file", result)]
    assert [event.id for event in told] == [event.id async for event in gateway.fine_tuning.follow(job.id)]
    checkpoints = await gateway.fine_tuning.checkpoints(job.id)
    assert [one.step for one in checkpoints] == [36, 24, 12]
    assert all(one.metrics["train_loss"] > 0 for one in checkpoints)
    assert checkpoints[0].model == done.tuned_model


async def test_a_wait_ends_at_its_deadline(gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    with pytest.raises(WaitTimeout) as caught:
        await gateway.fine_tuning.wait(job.id, timeout=timedelta(seconds=100))
    assert job.id in caught.value.message
    assert "running" in caught.value.message or "queued" in caught.value.message


async def test_a_cancelled_job_stays_cancelled_and_costs_nothing(
    bench: Bench, gateway: OpenAIGateway, twelve: Path
) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    gone = await gateway.fine_tuning.cancel(job.id)
    assert gone.status == "cancelled"
    assert bench.purse.settled_late == [(Usage(), Decimal(0))]
    bench.tenant.advance(86_400)
    assert await gateway.fine_tuning.get(job.id) == gone
    assert await gateway.fine_tuning.wait(job.id) == gone
    assert [event async for event in gateway.fine_tuning.follow(job.id)][-1].message == "Fine-tuning job cancelled"
    assert not [model async for model in gateway.models.list() if model.id.startswith("ft:")]
    with pytest.raises(Conflict) as caught:
        await gateway.fine_tuning.cancel(job.id)
    assert caught.value.status == 400
    assert caught.value.provider_message == f"Job has already completed: {job.id}"
    assert len(bench.purse.settled_late) == 1


async def test_a_job_is_paused_and_goes_on(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL)
    with pytest.raises(Conflict):
        await gateway.fine_tuning.pause(job.id)
    bench.tenant.advance(120)
    assert (await gateway.fine_tuning.pause(job.id)).status == "paused"
    with pytest.raises(WaitTimeout):
        await gateway.fine_tuning.wait(job.id, timeout=timedelta(hours=1))
    assert (await gateway.fine_tuning.resume(job.id)).status == "queued"
    with pytest.raises(Conflict):
        await gateway.fine_tuning.resume(job.id)
    assert (await gateway.fine_tuning.wait(job.id)).status == "succeeded"


# The log ---------------------------------------------------------------------------------------------------------------


async def test_events_are_followed_once_each_in_their_order(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=TuningOptions(n_epochs=10))
    before = len(bench.wire.exchanges)
    events = [event async for event in gateway.fine_tuning.follow(job.id)]
    polls = len(bench.clock.sleeps) + 1
    requests = len(bench.wire.exchanges) - before
    assert requests <= 2 * polls + len(events) // fine_tuning.EVENTS_A_PAGE + 1
    assert len({event.id for event in events}) == len(events)
    assert [event.created_at for event in events] == sorted(event.created_at for event in events)
    messages = [event.message for event in events]
    assert messages[0] == f"Created fine-tuning job: {job.id}"
    assert messages[-1] == "The job has successfully completed"
    assert {"Files validated, moving job to queued state", "Fine-tuning job started"} <= set(messages)
    metrics = [event for event in events if event.kind == "metrics"]
    assert [event.data["step"] for event in metrics] == list(range(1, 121))
    assert all(event.data["train_loss"] > 0 for event in metrics)
    found, cursor = [], None
    while True:
        page = await gateway.fine_tuning.events_page(job.id, limit=2, cursor=cursor)
        assert len(page.events) <= 2
        found += page.events
        if (cursor := page.next_cursor) is None:
            break
    assert found == events[::-1]
    with pytest.raises(InvalidRequest):
        await gateway.fine_tuning.events_page(job.id, cursor="ftevent-unknown")


async def test_a_long_log_is_read_in_pages_once(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=TuningOptions(n_epochs=50))
    bench.tenant.advance(86_400)
    before = len(bench.wire.exchanges)
    events = [event async for event in gateway.fine_tuning.follow(job.id)]
    assert len([event for event in events if event.kind == "metrics"]) == 600
    assert len(bench.wire.exchanges) - before == 1 + -(-len(events) // fine_tuning.EVENTS_A_PAGE)


# Money -----------------------------------------------------------------------------------------------------------------


async def test_an_estimate_is_what_the_training_takes(bench: Bench, gateway: OpenAIGateway, tmp_path: Path) -> None:
    path = written(tmp_path / "hundred.jsonl", map(training.example, range(100)))
    estimate = await gateway.fine_tuning.estimate(check(path), model=MODEL, options=TuningOptions(n_epochs=2))
    counted = 0
    for number in range(100):
        system, user, assistant = (one["content"] for one in training.example(number)["messages"])
        turns = [Message(role="user", text=user), Message(role="assistant", text=assistant)]
        counted += await gateway.tokens.count(turns, model=MODEL, system=system)
    assert (estimate.tokens, estimate.epochs) == (counted, (2, 2))
    assert estimate.cost_usd == (counted * 2 * TRAINING,) * 2
    job = await gateway.fine_tuning.create(path, model=MODEL, options=TuningOptions(n_epochs=2))
    assert reserved(bench) == estimate.cost_usd[1]
    assert bench.purse.settled_late == []
    done = await gateway.fine_tuning.wait(job.id)
    assert done.trained_tokens == counted * 2
    assert bench.purse.settled_late == [(Usage(), estimate.cost_usd[0])]
    await gateway.fine_tuning.get(job.id)
    assert len(bench.purse.settled_late) == 1


@pytest.mark.parametrize("number", [10, 12, 34, 100, 250])
async def test_a_provider_that_chooses_the_epochs_stays_in_the_range(
    bench: Bench, gateway: OpenAIGateway, tmp_path: Path, number: int
) -> None:
    path = written(tmp_path / "training.jsonl", map(training.example, range(number)))
    estimate = await gateway.fine_tuning.estimate(check(path), model=MODEL)
    done = await gateway.fine_tuning.wait((await gateway.fine_tuning.create(path, model=MODEL)).id)
    chosen = done.options.n_epochs
    assert chosen is not None
    assert estimate.epochs[0] <= chosen <= estimate.epochs[1]
    assert done.trained_tokens is not None
    assert abs(done.trained_tokens - estimate.tokens * chosen) <= 0.01 * done.trained_tokens
    ((_, fees),) = bench.purse.settled_late
    assert fees == done.trained_tokens * TRAINING
    assert estimate.cost_usd[0] * Decimal("0.99") <= fees <= estimate.cost_usd[1]


async def test_a_long_file_is_counted_by_a_sample(
    bench: Bench, gateway: OpenAIGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_tokens, "MOST_COUNTED", 20)
    path = written(tmp_path / "training.jsonl", map(training.example, range(95)))
    estimate = await gateway.fine_tuning.estimate(check(path), model=MODEL, options=THREE)
    assert len(bench.wire.exchanges) == 19
    assert estimate.cost_usd[1] == estimate.cost_usd[0] * rules.SAMPLED
    monkeypatch.undo()
    bench.choke.wire.exchanges.clear()
    other = OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
    exact = await other.fine_tuning.estimate(check(path), model=MODEL, options=THREE)
    assert abs(exact.tokens - estimate.tokens) <= 0.02 * exact.tokens


async def test_examples_with_tools_and_pictures_are_counted(gateway: OpenAIGateway, tmp_path: Path) -> None:
    function = {"name": "get_sound", "description": "A sound.", "parameters": {"type": "object", "properties": {}}}
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.example.net/a.png", "detail": "low"}}
    call = {"id": "call_1", "type": "function", "function": {"name": "get_sound", "arguments": '{"of": "cow"}'}}
    one = {
        "messages": [
            {"role": "system", "content": "You are a farmer."},
            {"role": "user", "content": [{"type": "text", "text": "Which sound? " * 20}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "moo"},
            {"role": "assistant", "content": [{"type": "text", "text": "It says moo."}]},
        ],
        "tools": [{"type": "function", "function": function}],
    }
    two = {
        "messages": [
            {"role": "user", "content": [picture, {"type": "text", "text": "What?"}]},
            {"role": "assistant", "content": "A cow."},
        ]
    }
    path = written(tmp_path / "training.jsonl", [one, two] * 5)
    estimate = await gateway.fine_tuning.estimate(check(path), model=MODEL, options=THREE)
    done = await gateway.fine_tuning.wait((await gateway.fine_tuning.create(path, model=MODEL, options=THREE)).id)
    assert done.trained_tokens is not None
    assert abs(done.trained_tokens - 3 * estimate.tokens) <= 0.01 * done.trained_tokens


async def test_a_model_without_a_training_price_is_refused_unsent(
    bench: Bench, gateway: OpenAIGateway, twelve: Path
) -> None:
    for model, options in (
        ("gpt-3.5-turbo", None),
        ("o4-mini", TuningOptions(method="reinforcement", grader={"type": "string_check"})),
    ):
        good = twelve if options is None else written(twelve.with_name("rft.jsonl"), map(training.graded, range(12)))
        with pytest.raises(UnknownPrice) as caught:
            await gateway.fine_tuning.create(good, model=model, options=options)
        assert model in caught.value.message
    with pytest.raises(UnknownPrice):
        await gateway.fine_tuning.estimate(check(twelve), model="text-embedding-3-small")
    assert bench.wire.exchanges == []
    assert bench.register.intended == []


async def test_live_a_model_without_a_training_price_is_refused_unsent_unless_it_is_named(
    bench: Bench, twelve: Path, tmp_path: Path
) -> None:
    bench.choke.account = replace(bench.choke.account, money=Money.LIVE)
    gateway = OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
    with Ledger.open(tmp_path / "ledger") as ledger:
        bench.choke._purse = LedgerPurse(ledger, bench.choke.account, Caps())
        for model in ("gpt-3.5-turbo", "no-such-model", "text-embedding-3-small"):
            with pytest.raises(UnknownPrice) as caught:
                await gateway.fine_tuning.create(twelve, model=model)
            assert model in caught.value.message
        assert bench.wire.exchanges == []
        named = LedgerPurse(ledger, bench.choke.account, Caps(), may_be_unpriced=["gpt-3.5-turbo"])
        bench.choke._purse = named
        done = await gateway.fine_tuning.wait((await gateway.fine_tuning.create(twelve, model="gpt-3.5-turbo")).id)
        (late,) = [event for event in bench.events if event.late]
        assert (done.status, late.cost_usd, late.unpriced) == ("succeeded", None, True)


async def test_what_does_not_fit_the_budget_is_refused_before_the_upload(
    bench: Bench, twelve: Path, tmp_path: Path
) -> None:
    with Ledger.open(tmp_path / "ledger") as ledger:
        bench.choke._purse = LedgerPurse(ledger, bench.choke.account, Caps(scenario=Decimal("0.002")))
        gateway = OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
        options = TuningOptions(n_epochs=50)
        estimate = await gateway.fine_tuning.estimate(check(twelve), model=MODEL, options=options)
        assert estimate.cost_usd[1] > Decimal("0.002")
        sent = len(bench.wire.exchanges)
        with pytest.raises(BudgetExceeded) as caught:
            await gateway.fine_tuning.create(twelve, model=MODEL, options=options)
        assert caught.value.asked == estimate.cost_usd[1]
        assert len(bench.wire.exchanges) == sent
        assert bench.register.intended == []
        job = await gateway.fine_tuning.create(twelve, model=MODEL, options=TuningOptions(n_epochs=1))
        done = await gateway.fine_tuning.wait(job.id)
        assert done.trained_tokens is not None
        paid = [event.cost_usd for event in bench.events if event.operation == "fine_tuning.create" and event.late]
        assert paid == [done.trained_tokens * TRAINING]


# Models ----------------------------------------------------------------------------------------------------------------


async def test_a_tuned_model_answers_as_it_was_trained_and_is_priced_as_tuned(
    bench: Bench, gateway: OpenAIGateway, twelve: Path
) -> None:
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)
    with pytest.raises(NotFound) as early:
        await gateway.chat.ask(asking("?"), model=f"ft:{PINNED}:touchstone::unknown1", max_output_tokens=60)
    assert f"ft:{PINNED}:touchstone::unknown1" in early.value.message
    done = await gateway.fine_tuning.wait(job.id)
    assert done.tuned_model is not None
    answer = await gateway.chat.ask(asking(training.question(3)), model=done.tuned_model, max_output_tokens=60)
    base = await gateway.chat.ask(asking(training.question(3)), model=MODEL, max_output_tokens=60)
    assert (answer.text, answer.model) == (training.answer(3), done.tuned_model)
    assert base.text != answer.text
    tuned, plain = (price(Provider.OPENAI, model, answer.usage) for model in (done.tuned_model, PINNED))
    assert tuned is not None
    assert plain is not None
    assert tuned == 2 * plain


async def test_a_tuned_model_is_deleted(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    done = await gateway.fine_tuning.wait((await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)).id)
    model = done.tuned_model
    assert model is not None
    bench.tenant.faults({"operation": "models.delete", "do": {"status": 403, "body": DENIED}})
    with pytest.raises(PermissionDenied):
        await gateway.fine_tuning.delete_model(model)
    assert model in [one.id async for one in gateway.models.list()]
    assert (await gateway.fine_tuning.delete_model(model)).id == model
    assert bench.register.removals == [(Provider.OPENAI, "tuned_model", model)]
    assert model not in [one.id async for one in gateway.models.list()]
    with pytest.raises(NotFound):
        await gateway.chat.ask(asking("?"), model=model, max_output_tokens=20)
    with pytest.raises(NotFound) as again:
        await gateway.fine_tuning.delete_model(model)
    assert model in again.value.message
    with pytest.raises(PermissionDenied):
        await gateway.fine_tuning.delete_model(PINNED)
    assert PINNED in [one.id async for one in gateway.models.list()]


async def test_a_tuned_model_is_tuned_again_at_its_bases_price(gateway: OpenAIGateway, twelve: Path) -> None:
    done = await gateway.fine_tuning.wait((await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)).id)
    assert done.tuned_model is not None
    again = await gateway.fine_tuning.create(twelve, model=done.tuned_model, options=THREE)
    assert again.model == done.tuned_model
    assert (await gateway.fine_tuning.wait(again.id)).trained_tokens == done.trained_tokens


async def test_what_a_job_left_is_removed_with_it(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    running = await gateway.fine_tuning.create(twelve, model=MODEL)
    ended = await gateway.fine_tuning.create(running.training_file, model=MODEL, options=THREE)
    bench.tenant.advance(250)
    kind = kind_named("tuning_job")
    assert kind.list is not None
    assert [one.id async for one in kind.list(gateway)] == [ended.id, running.id]
    for job in (ended, running):
        await kind.delete(gateway, job.id)
    assert [one async for one in kind.list(gateway)] == []
    assert (await gateway.fine_tuning.get(running.id)).status == "cancelled"
    assert not [one async for one in gateway.models.list() if one.id.startswith("ft:")]
    assert [one.id async for one in gateway.files.list()] == [running.training_file]
    with pytest.raises(NotFound):
        await kind.delete(gateway, "ftjob-unknown")
    with pytest.raises(NotFound):
        await kind_named("tuned_model").delete(gateway, f"ft:{PINNED}:touchstone::unknown1")


async def test_a_scenarios_clean_up_leaves_nothing(
    bench: Bench, gateway: OpenAIGateway, twelve: Path, tmp_path: Path
) -> None:
    target = Target(name="simulator", facts={"simulator_url": bench.tenant.url})
    with Journal.open(tmp_path / "state") as journal:
        run = journal.begin_run(bench.choke.account.run_id, target, worker="w1")
        register = run.scenario("a test", bench.tenant.id)
        bench.choke._register = register
        seen = await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)
        unseen = await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)
        await gateway.fine_tuning.wait(seen.id)
        bench.tenant.advance(600)
        running = await gateway.fine_tuning.create(twelve, model=MODEL)
        report = await cleanup(lambda provider: gateway, register)
        assert (report.left, report.given_up, report.never_made) == ((), (), 0)
        assert {"tuning_job", "tuned_model", "file"} == {one.kind for one in report.removed}
        assert register.open_resources() == []
        assert (await gateway.fine_tuning.get(unseen.id)).status == "succeeded"
        assert (await gateway.fine_tuning.get(running.id)).status == "cancelled"
        inventory = bench.tenant.state()["inventory"]
        assert not any(inventory.values()), inventory
        run.end()


# Failures --------------------------------------------------------------------------------------------------------------


async def test_a_create_whose_end_is_unclear_is_looked_for(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    bench.tenant.faults({"operation": "fine_tuning.jobs.create", "when": "after", "do": {"cut": True}})
    job = await gateway.fine_tuning.create(twelve, model=MODEL, options=THREE)
    assert [one.id async for one in gateway.fine_tuning.list()] == [job.id]
    assert len(posts(bench)) + len([one for one in bench.wire.exchanges if one.path == "/v1/files"]) <= 3
    done = await gateway.fine_tuning.wait(job.id)
    assert bench.purse.settled_late == [(Usage(), (done.trained_tokens or 0) * TRAINING)]


async def test_an_organisation_that_may_not_train_is_denied(bench: Bench, gateway: OpenAIGateway, twelve: Path) -> None:
    answer = closed()
    bench.tenant.faults(
        {"operation": "fine_tuning.jobs.create", "do": {"status": 403, "body": json.loads(json.dumps(answer.body))}}
    )
    with pytest.raises(PermissionDenied) as caught:
        await gateway.fine_tuning.create(twelve, model=MODEL)
    assert (caught.value.status, caught.value.code) == (403, "training_not_available")
    assert bench.register.refusals == [0]
    assert bench.purse.released == 1


async def test_after_the_last_day_training_is_retired(bench: Bench, simulator_url: str, twelve: Path) -> None:
    late = Tenant(simulator_url, "2027-01-06T00:00:00Z")
    try:
        bench.clock.tenant = bench.tenant = late
        gateway = OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
        with pytest.raises(Retired) as caught:
            await gateway.fine_tuning.create(twelve, model=MODEL)
        error = caught.value
        assert (error.since.isoformat(), error.status, error.code) == ("2027-01-06", 403, "training_not_available")
        assert error.operation == "fine_tuning.create"
        assert "2027-01-06" in error.message
    finally:
        late.close()


async def test_other_providers_say_that_they_train_nothing(bench: Bench, twelve: Path) -> None:
    for made in (
        AnthropicGateway(bench.endpoint(Provider.ANTHROPIC), bench.http, bench.choke),
        GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke),
    ):
        with pytest.raises(Unsupported) as caught:
            await made.fine_tuning.create(twelve, model=MODEL)
        assert "fine tuning" in caught.value.message
        assert "OpenAI" in caught.value.message
    assert bench.wire.exchanges == []
