"""The log of a simulated fine-tuning job: its words, its order, its pages (recordings: fine-tuning events)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import created, job, stored


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def log(http: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    """All events, the oldest first."""
    page = job(http, job_id, "/events", limit=1000)
    assert set(page) == {"object", "data", "has_more"}
    assert page["has_more"] is False
    return list(reversed(page["data"]))


def test_the_log_of_a_whole_job(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 4, "batch_size": 6})
    tenant.advance(training.DONE)
    events = log(http, made["id"])
    model = job(http, made["id"])["fine_tuned_model"]
    early = [one["fine_tuned_model_checkpoint"] for one in job(http, made["id"], "/checkpoints")["data"]]
    messages = [event["message"] for event in events]
    assert messages[:4] == [
        f"Created fine-tuning job: {made['id']}",
        f"Validating training file: {made['training_file']}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
    ]
    assert messages[4:12] == [
        f"Step {step}/8: training loss={event['data']['train_loss']:.2f}" for step, event in enumerate(events[4:12], 1)
    ]
    assert messages[12:] == [
        f"Checkpoint created at step 4 with Snapshot ID: {early[2]}",
        f"Checkpoint created at step 6 with Snapshot ID: {early[1]}",
        f"New fine-tuned model created: {model}",
        "The job has successfully completed",
    ]
    assert [event["created_at"] - made["created_at"] for event in events] == [
        *(0, 0, 30, 90),
        *range(115, 291, 25),
        *(290, 290, 290, 290),
    ]
    assert {event["type"] for event in events[:4] + events[12:]} == {"message"}
    assert {event["type"] for event in events[4:12]} == {"metrics"}
    assert {event["level"] for event in events} == {"info"}
    assert [event["data"] for event in events[:4]] == [{}, {}, {}, None], "as quoted of live jobs"
    assert len({event["id"] for event in events}) == len(events)
    assert list(events[0]) == ["object", "id", "created_at", "level", "message", "data", "type"]
    losses = [event["data"]["train_loss"] for event in events[4:12]]
    assert losses == sorted(losses, reverse=True)


def test_steps_with_a_validation_file_tell_its_loss(tenant: Account, http: httpx.Client) -> None:
    validation = stored(http)
    made = created(http, hyperparameters={"n_epochs": 2}, validation_file=validation)
    tenant.advance(training.DONE)
    events = log(http, made["id"])
    assert events[1]["message"] == (
        f"Validating training file: {made['training_file']} and validation file: {validation}"
    )
    told = {event["data"]["step"]: event for event in events if event["type"] == "metrics"}
    assert sorted(step for step, event in told.items() if "valid_loss" in event["data"]) == [10, 12, 20, 24]
    assert sorted(step for step, event in told.items() if "full_valid_loss" in event["data"]) == [12, 24]
    last = told[24]
    data = last["data"]
    assert last["message"] == (
        f"Step 24/24: training loss={data['train_loss']:.2f}, validation loss={data['valid_loss']:.2f}, "
        f"full validation loss={data['full_valid_loss']:.2f}"
    )
    assert list(data) == [
        "step",
        "train_loss",
        "valid_loss",
        "total_steps",
        "full_valid_loss",
        "train_mean_token_accuracy",
        "valid_mean_token_accuracy",
        "full_valid_mean_token_accuracy",
    ]
    assert data["total_steps"] == 24


def test_events_come_as_the_clock_goes_and_stay(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 1})  # twelve steps in fifty seconds
    seen: list[dict[str, Any]] = []
    numbers: list[int] = []
    for wait in (0, 30, 60, 4, 1, 7, 38, 100):
        tenant.advance(wait)
        now = log(http, made["id"])
        assert now[: len(seen)] == seen, "what was told is told again as it was"
        numbers.append(len(now) - len(seen))
        seen = now
    assert numbers == [2, 1, 1, 0, 1, 1, 10 + 2, 0]


def test_following_gets_every_event_once_however_it_is_paged(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 1})
    tenant.advance(training.DONE)
    everything = [event["id"] for event in job(http, made["id"], "/events", limit=100)["data"]]
    walked: list[str] = []
    requests = 0
    query: dict[str, Any] = {"limit": 2}
    more = True
    while more:
        page = job(http, made["id"], "/events", **query)
        requests += 1
        walked += [event["id"] for event in page["data"]]
        query["after"], more = walked[-1], page["has_more"]
    assert walked == everything
    assert requests == -(-len(everything) // 2)
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as sdk:
        assert [event.id for event in sdk.fine_tuning.jobs.list_events(made["id"], limit=3)] == everything


def test_a_page_holds_twenty_unless_it_is_said(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 4})
    tenant.advance(training.DONE)
    page = job(http, made["id"], "/events")
    assert (len(page["data"]), page["has_more"]) == (20, True)


def test_a_failing_job_says_why_in_its_log(tenant: Account, http: httpx.Client) -> None:
    made = created(http, training_file=stored(http, training.lines(*map(training.example, range(9)))))
    tenant.advance(training.DONE)
    last = log(http, made["id"])[-1]
    assert (last["level"], last["type"]) == ("error", "message")
    assert last["message"] == job(http, made["id"])["error"]["message"]
    assert last["created_at"] == made["created_at"] + training.QUEUED


def test_a_pause_and_its_end_stand_in_the_log(tenant: Account, http: httpx.Client) -> None:
    made = created(http, hyperparameters={"n_epochs": 2})
    tenant.advance(training.RUNNING)
    http.post(f"/v1/fine_tuning/jobs/{made['id']}/pause").raise_for_status()
    tenant.advance(10)
    http.post(f"/v1/fine_tuning/jobs/{made['id']}/resume").raise_for_status()
    tenant.advance(60)
    assert [event["message"] for event in log(http, made["id"])][3:] == [
        "Fine-tuning job started",
        "Fine-tuning job paused",
        "Fine-tuning job resumed, moving job to queued state",
        "Fine-tuning job started",
    ]


def test_a_very_long_run_is_told_evenly(tenant: Account, http: httpx.Client) -> None:
    data = training.lines(*map(training.example, range(250)))
    made = created(http, training_file=stored(http, data), hyperparameters={"n_epochs": 50, "batch_size": 1})
    tenant.advance(training.DONE + 50 * 50)
    done = job(http, made["id"])
    rows = http.get(f"/v1/files/{done['result_files'][0]}/content").text.splitlines()[1:]
    steps = [int(row.partition(",")[0]) for row in rows]
    assert steps == list(range(2, 12_501, 2))
    newest = [event for event in job(http, made["id"], "/events", limit=6)["data"] if event["type"] == "metrics"]
    assert [event["data"]["step"] for event in newest] == [12_500, 12_498]
