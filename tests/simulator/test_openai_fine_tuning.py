"""OpenAI's simulated fine-tuning jobs: how they go with the clock (provider-facts 8.1; recordings: fine-tuning)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import SNAPSHOT, created, finished, job, stored


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client


def seconds(tenant: Account) -> int:
    return int(datetime.fromisoformat(tenant.now()).timestamp())


def test_a_new_job_has_every_key_of_a_live_answer(tenant: Account, http: httpx.Client) -> None:
    file = stored(http)
    made = created(http, training_file=file, seed=7)
    auto = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert made == {
        "object": "fine_tuning.job",
        "id": made["id"],
        "model": SNAPSHOT,
        "created_at": seconds(tenant),
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "org-touchstone",
        "result_files": [],
        "status": "validating_files",
        "validation_file": None,
        "training_file": file,
        "hyperparameters": auto,
        "trained_tokens": None,
        "error": {},
        "user_provided_suffix": None,
        "seed": 7,
        "estimated_finish": None,
        "integrations": [],
        "metadata": None,
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
        "method": {"type": "supervised", "supervised": {"hyperparameters": auto}},
    }
    assert made["id"].startswith("ftjob-")
    assert len(made["id"]) == len("ftjob-FO6z0rNnNUmHe4xiVOHC7TEk")
    assert list(made["method"]["supervised"]["hyperparameters"]) == sorted(auto), "as recorded of this answer alone"
    assert job(http, made["id"]) == made
    assert list(job(http, made["id"])["method"]["supervised"]["hyperparameters"]) == list(auto)


def test_the_sdk_creates_gets_and_lists_a_job(tenant: Account, http: httpx.Client, sdk: openai.OpenAI) -> None:
    made = sdk.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=stored(http), metadata={"run": "a"})
    assert made.status == "validating_files"
    assert sdk.fine_tuning.jobs.retrieve(made.id) == made
    assert [one.id for one in sdk.fine_tuning.jobs.list()] == [made.id]
    tenant.advance(training.DONE)
    done = job(http, made.id)
    done["error"] = None  # {} on the wire, which the SDK's type does not know
    FineTuningJob.model_validate(done, strict=True)
    for event in job(http, made.id, "/events", limit=200)["data"]:
        FineTuningJobEvent.model_validate(event, strict=True)
    for checkpoint in job(http, made.id, "/checkpoints")["data"]:
        FineTuningJobCheckpoint.model_validate(checkpoint, strict=True)


def test_states_follow_the_clock_and_the_record_stays(tenant: Account, http: httpx.Client) -> None:
    made = created(http, method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}})
    seen: list[tuple[str, Any, bool]] = []
    for wait in (0, 29, 1, 59, 1, 149, 1, 360):
        tenant.advance(wait)
        now = job(http, made["id"])
        seen.append((now["status"], now["finished_at"], now["estimated_finish"] is not None))
        assert [now[key] for key in ("created_at", "training_file", "model", "seed")] == [
            made[key] for key in ("created_at", "training_file", "model", "seed")
        ]
        assert now["hyperparameters"]["n_epochs"] == 3
    ended = made["created_at"] + 240
    assert seen == [
        ("validating_files", None, False),
        ("validating_files", None, False),
        ("queued", None, False),
        ("queued", None, False),
        ("running", None, True),
        ("running", None, True),
        ("succeeded", ended, False),
        ("succeeded", ended, False),
    ]


def test_estimated_finish_is_when_it_ends(tenant: Account, http: httpx.Client) -> None:
    made = created(http)
    tenant.advance(training.RUNNING)
    expected = job(http, made["id"])["estimated_finish"]
    tenant.advance(training.DONE)
    assert job(http, made["id"])["finished_at"] == expected


@pytest.mark.parametrize("examples", [10, 33, 34, 100])
def test_a_job_of_usual_length_has_ended_after_600_seconds(tenant: Account, http: httpx.Client, examples: int) -> None:
    data = training.lines(*map(training.example, range(examples)))
    assert finished(tenant, http, training_file=stored(http, data))["status"] == "succeeded"


def test_what_it_takes_can_be_set(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(
        durations={"fine_tuning.validating": 1, "fine_tuning.queued": 2, "fine_tuning.epoch": 10},
    )
    with tenant.client("OpenAI") as http:
        made = created(http, hyperparameters={"n_epochs": 2})
        statuses = []
        for wait in (1, 2, 19, 1):
            tenant.advance(wait)
            statuses.append(job(http, made["id"])["status"])
    assert statuses == ["queued", "running", "running", "succeeded"]


def test_auto_is_resolved_once_it_runs(tenant: Account, http: httpx.Client) -> None:
    made = created(http, training_file=stored(http, training.lines(*map(training.example, range(10)))))
    tenant.advance(training.RUNNING - 1)
    assert set(job(http, made["id"])["hyperparameters"].values()) == {"auto"}
    tenant.advance(1)
    running = job(http, made["id"])
    # as quoted of a live job on ten examples
    assert running["hyperparameters"] == {"n_epochs": 10, "batch_size": 1, "learning_rate_multiplier": 1.8}
    assert running["method"]["supervised"]["hyperparameters"] == running["hyperparameters"]


def test_options_are_echoed(http: httpx.Client) -> None:
    wanted = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.1}
    validation = stored(http)
    made = created(
        http,
        method={"type": "supervised", "supervised": {"hyperparameters": wanted}},
        seed=7,
        suffix="bdd",
        validation_file=validation,
        metadata={"run": "a"},
        integrations=[{"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}],
    )
    shown = job(http, made["id"])
    assert shown["hyperparameters"] == wanted
    assert shown["method"] == {"type": "supervised", "supervised": {"hyperparameters": wanted}}
    assert (shown["seed"], shown["user_provided_suffix"], shown["validation_file"]) == (7, "bdd", validation)
    assert shown["metadata"] == {"run": "a"}
    assert shown["integrations"] == [{"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}]


def test_the_old_hyperparameters_stand_in_both_places(http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 2, "learning_rate_multiplier": 3})
    wanted = {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": 3.0}
    assert made["hyperparameters"] == wanted
    assert made["method"] == {"type": "supervised", "supervised": {"hyperparameters": wanted}}


def test_trained_tokens_are_tokens_times_epochs(tenant: Account, http: httpx.Client) -> None:
    messages = [training.example(number)["messages"] for number in range(12)]
    counted = [
        http.post("/v1/responses/input_tokens", json={"model": SNAPSHOT, "input": one}).json()["input_tokens"]
        for one in messages
    ]
    for epochs in (1, 3):
        assert finished(tenant, http, hyperparameters={"n_epochs": epochs})["trained_tokens"] == epochs * sum(counted)


def test_the_result_file_has_a_row_for_every_step(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http, validation_file=stored(http), hyperparameters={"n_epochs": 3, "batch_size": 5})
    (result,) = done["result_files"]
    file = http.get(f"/v1/files/{result}").json()
    assert (file["purpose"], file["filename"], file["created_at"]) == (
        "fine-tune-results",
        "step_metrics.csv",
        done["finished_at"],
    )
    content = http.get(f"/v1/files/{result}/content").text
    assert len(content) == file["bytes"]
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [int(row["step"]) for row in rows] == list(range(1, 10)), "three batches of twelve examples an epoch"
    losses = [float(row["train_loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 9
    accuracies = [float(row["train_accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies)
    assert [row["step"] for row in rows if row["valid_loss"]] == ["3", "6", "9"]
    assert [row["step"] for row in rows if row["valid_mean_token_accuracy"]] == ["3", "6", "9"]


def test_the_same_seed_goes_the_same_way(tenant: Account, http: httpx.Client) -> None:
    results = [
        http.get(f"/v1/files/{finished(tenant, http, seed=seed)['result_files'][0]}/content").text for seed in (1, 1, 2)
    ]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_checkpoints_are_of_the_last_epochs(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 5, "batch_size": 4}, suffix="bdd", validation_file=stored(http))
    tenant.advance(training.RUNNING + 150)
    assert job(http, made["id"], "/checkpoints") == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
    tenant.advance(training.DONE)
    page = job(http, made["id"], "/checkpoints")
    shown = page["data"]
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, shown[0]["id"], shown[2]["id"])
    assert [one["step_number"] for one in shown] == [15, 12, 9]
    begins = made["created_at"] + training.RUNNING
    assert [one["created_at"] for one in shown] == [begins + 250, begins + 200, begins + 150]
    names = [one["fine_tuned_model_checkpoint"] for one in shown]
    assert names[0] == job(http, made["id"])["fine_tuned_model"]
    assert [name.endswith(f":ckpt-step-{step}") for name, step in zip(names, (15, 12, 9), strict=True)] == [
        False,
        True,
        True,
    ]
    assert all(name.startswith(f"ft:{SNAPSHOT}:touchstone:bdd:") for name in names)
    assert list(shown[0]["metrics"]) == [
        "step",
        "train_loss",
        "train_mean_token_accuracy",
        "valid_loss",
        "valid_mean_token_accuracy",
        "full_valid_loss",
        "full_valid_mean_token_accuracy",
        "type",
    ]
    assert [one["metrics"]["train_loss"] for one in shown] == sorted(one["metrics"]["train_loss"] for one in shown)
    second = job(http, made["id"], "/checkpoints", limit=1, after=shown[0]["id"])
    assert ([one["id"] for one in second["data"]], second["has_more"]) == ([shown[1]["id"]], True)


def test_jobs_are_listed_newest_first_in_pages(http: httpx.Client, sdk: openai.OpenAI) -> None:
    assert http.get("/v1/fine_tuning/jobs").json() == {"object": "list", "data": [], "has_more": False}
    file = stored(http)
    made = [created(http, training_file=file, metadata={"number": str(n)})["id"] for n in range(4)]
    made.append(created(http, training_file=file)["id"])
    pages = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = http.get("/v1/fine_tuning/jobs", params=query).json()
        pages.append([one["id"] for one in page["data"]])
        if not page["has_more"]:
            break
        query["after"] = pages[-1][-1]
    made.reverse()
    assert pages == [made[:2], made[2:4], made[4:]]
    assert [one.id for one in sdk.fine_tuning.jobs.list(metadata={"number": "2"})] == [made[2]]
    assert [one["id"] for one in http.get("/v1/fine_tuning/jobs?metadata=null").json()["data"]] == [made[0]]


def test_a_list_tells_what_each_job_tells(tenant: Account, http: httpx.Client) -> None:
    early = created(http)
    tenant.advance(training.RUNNING)
    late = created(http)
    listed = http.get("/v1/fine_tuning/jobs").json()["data"]
    assert [one["status"] for one in listed] == ["validating_files", "running"]
    assert listed == [job(http, late["id"]), job(http, early["id"])]


def test_cancelling_ends_a_job_for_good(tenant: Account, http: httpx.Client) -> None:
    for wait in (0, 40, 100):
        made = created(http)
        tenant.advance(wait)
        cancelled = http.post(f"/v1/fine_tuning/jobs/{made['id']}/cancel").raise_for_status().json()
        assert cancelled["status"] == "cancelled"
        tenant.advance(86_400)
        later = job(http, made["id"])
        assert later == cancelled
        assert [later[key] for key in ("fine_tuned_model", "trained_tokens", "finished_at", "result_files")] == [
            None,
            None,
            None,
            [],
        ]
        assert job(http, made["id"], "/events")["data"][0]["message"] == "Fine-tuning job cancelled"
        refused = training.error(http.post(f"/v1/fine_tuning/jobs/{made['id']}/cancel"), 400)
        assert refused["message"] == f"Job has already completed: {made['id']}"
        assert refused["code"] is None
    assert [one for one in http.get("/v1/models").json()["data"] if one["id"].startswith("ft:")] == []


def test_a_finished_job_cannot_be_cancelled(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http)
    training.error(http.post(f"/v1/fine_tuning/jobs/{done['id']}/cancel"), 400)
    assert job(http, done["id"]) == done


def test_a_paused_job_goes_on_where_it_was(tenant: Account, http: httpx.Client, sdk: openai.OpenAI) -> None:
    made = created(http, hyperparameters={"n_epochs": 4, "batch_size": 12})  # a step every 50 seconds
    tenant.advance(training.RUNNING + 120)
    paused = sdk.fine_tuning.jobs.pause(made["id"])
    assert str(paused.status) == "paused"
    assert paused.estimated_finish is None
    tenant.advance(10_000)
    assert job(http, made["id"])["status"] == "paused"
    resumed = http.post(f"/v1/fine_tuning/jobs/{made['id']}/resume").raise_for_status().json()
    assert resumed["status"] == "queued"
    tenant.advance(60)
    running = job(http, made["id"])
    assert (running["status"], running["estimated_finish"]) == ("running", seconds(tenant) + 80)
    tenant.advance(79)
    assert job(http, made["id"])["status"] == "running"
    tenant.advance(1)
    assert job(http, made["id"])["status"] == "succeeded"
    steps = [e["data"]["step"] for e in job(http, made["id"], "/events", limit=50)["data"] if e["type"] == "metrics"]
    assert steps == [4, 3, 2, 1]
    assert (
        job(http, made["id"])["trained_tokens"]
        == finished(tenant, http, hyperparameters={"n_epochs": 4})["trained_tokens"]
    )


def test_only_a_running_job_pauses_and_only_a_paused_one_resumes(tenant: Account, http: httpx.Client) -> None:
    made = created(http)
    url = f"/v1/fine_tuning/jobs/{made['id']}"
    for wait in (0, training.QUEUED, training.DONE):
        tenant.advance(wait)
        before = job(http, made["id"])
        assert before["status"] in training.error(http.post(f"{url}/pause"), 400)["message"]
        training.error(http.post(f"{url}/resume"), 400)
        assert job(http, made["id"]) == before


def test_a_paused_job_can_be_cancelled(tenant: Account, http: httpx.Client) -> None:
    made = created(http)
    tenant.advance(training.RUNNING)
    http.post(f"/v1/fine_tuning/jobs/{made['id']}/pause").raise_for_status()
    assert http.post(f"/v1/fine_tuning/jobs/{made['id']}/cancel").json()["status"] == "cancelled"


def test_a_file_that_is_deleted_while_it_is_checked_fails_the_job(tenant: Account, http: httpx.Client) -> None:
    for role in ("training", "validation"):
        file = stored(http)
        made = created(http, **{f"{role}_file": file})
        http.delete(f"/v1/files/{file}").raise_for_status()
        assert job(http, made["id"])["status"] == "validating_files"
        tenant.advance(training.DONE)
        failed = job(http, made["id"])
        assert failed["status"] == "failed"
        # recorded of the training file, with this order of keys and without an end
        assert list(failed["error"].items()) == [
            ("code", f"deleted_{role}_file"),
            ("param", f"{role}_file"),
            ("message", f"The job failed because the {role} file was deleted"),
        ]
        assert failed["finished_at"] is None


def test_a_file_that_is_deleted_later_does_not(tenant: Account, http: httpx.Client) -> None:
    file = stored(http)
    made = created(http, training_file=file)
    tenant.advance(training.QUEUED + 1)
    http.delete(f"/v1/files/{file}").raise_for_status()
    tenant.advance(training.DONE)
    assert job(http, made["id"])["status"] == "succeeded"


def test_the_inventory_has_open_jobs_and_tuned_models(tenant: Account, http: httpx.Client) -> None:
    made = created(http)
    assert tenant.inventory()["OpenAI"]["fine_tuning_jobs"] == [made["id"]]
    tenant.advance(training.DONE)
    held = tenant.inventory()["OpenAI"]
    done = job(http, made["id"])
    assert "fine_tuning_jobs" not in held
    assert held["tuned_models"] == [done["fine_tuned_model"]]
    assert set(held["files"]) == {done["training_file"], *done["result_files"]}
