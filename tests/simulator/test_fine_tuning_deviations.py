"""The deviations of fine-tuning: each misbehaves in its one way, says that it fired, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import QUEUED, RUNNING, SNAPSHOT, answer, error, example, lines, question, stored

CREATE, LIST, GET = "fine_tuning.jobs.create", "fine_tuning.jobs.list", "fine_tuning.jobs.get"
CANCEL, EVENTS = "fine_tuning.jobs.cancel", "fine_tuning.jobs.events"
READS = [LIST, GET]
RECORDS = [CREATE, LIST, GET, CANCEL, "fine_tuning.jobs.pause", "fine_tuning.jobs.resume"]
MODELS, DELETE = "models.list", "models.delete"
LOOKS = [*RECORDS, EVENTS, "fine_tuning.jobs.checkpoints", MODELS]
ASKS = ["chat.create", "responses.create"]
TABLE = {
    "ft.create.not_listed": [CREATE, LIST],
    "ft.create.accepts_any_model": [CREATE],
    "ft.create.model_name_early": [CREATE],
    "ft.options_ignored": [CREATE],
    "ft.suffix_lost": RECORDS,
    "ft.validate_laxer_than_gateway": LOOKS,
    "ft.invalid_data_succeeds": LOOKS,
    "ft.min_examples_off_by_one": LOOKS,
    "ft.min_examples_not_enforced": LOOKS,
    "ft.list.ignores_limit": [LIST],
    "ft.list.metadata_filter_ignored": [LIST],
    "ft.list.stale_status": [LIST],
    "ft.list.somebody_elses": [LIST],
    "ft.status_stuck": LOOKS,
    "ft.status_skips_to_succeeded_without_model": [CREATE, *READS],
    "ft.status_goes_back": READS,
    "ft.events_empty": [EVENTS],
    "ft.events_missing_metrics": [EVENTS],
    "ft.trained_tokens_missing": READS,
    "ft.failed_without_error": READS,
    "ft.succeeded_without_model": READS,
    "ft.result_file_empty": [*READS, "files.list", "files.get", "files.content"],
    "ft.cancel_leaves_running": [CANCEL],
    "ft.cancel_still_produces_model": [*LOOKS, *ASKS],
    "ft.model_not_listed": [MODELS],
    "ft.model_usable_before_success": ASKS,
    "ft.model_not_trained": ASKS,
    "ft.delete.ghost_usable": [DELETE, *ASKS],
    "ft.delete.base_model_ok": [DELETE, MODELS],
}

NARRATOR = {"messages": [{"role": "narrator", "content": "It is dawn."}, *example(0)["messages"]]}
OPTIONS = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.1}
AUTO = dict.fromkeys(OPTIONS, "auto")
SUPERVISED: dict[str, Any] = {"method": {"type": "supervised", "supervised": {"hyperparameters": OPTIONS}}}


def examples(number: int) -> bytes:
    return lines(*map(example, range(number)))


@dataclass
class Deviant:
    """A tenant that misbehaves, and what it has to do with fine-tuning."""

    tenant: Account
    http: httpx.Client

    def fired(self) -> int:
        return self.tenant.fired()

    def honest(self) -> None:
        """From now on it behaves."""
        self.tenant.deviate(None)

    def create(self, data: bytes = training.TWELVE, **options: Any) -> dict[str, Any]:
        return training.created(self.http, training_file=stored(self.http, data), **options)

    def job(self, job: dict[str, Any], of: str = "", **query: Any) -> dict[str, Any]:
        return training.job(self.http, job["id"], of, **query)

    def after(self, seconds: float, job: dict[str, Any]) -> dict[str, Any]:
        """The job, so many seconds later."""
        self.tenant.advance(seconds)
        return self.job(job)

    def done(self, data: bytes = training.TWELVE, **options: Any) -> dict[str, Any]:
        """A job that has ended."""
        return self.after(training.DONE, self.create(data, **options))

    def cancel(self, job: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/v1/fine_tuning/jobs/{job['id']}/cancel")

    def page(self, **query: Any) -> list[dict[str, Any]]:
        """A page of jobs."""
        listed = self.http.get("/v1/fine_tuning/jobs", params=query).raise_for_status().json()
        found: list[dict[str, Any]] = listed["data"]
        return found

    def listed(self, **query: Any) -> list[str]:
        return [job["id"] for job in self.page(**query)]

    def five(self) -> list[str]:
        """Five jobs, the newest first."""
        return [self.create(metadata={"number": str(number)})["id"] for number in range(5)][::-1]

    def models(self) -> list[str]:
        return [one["id"] for one in self.http.get("/v1/models").raise_for_status().json()["data"]]

    def own(self) -> list[str]:
        """The tuned models that are listed, checkpoints too."""
        return [name for name in self.models() if name.startswith("ft:")]

    def asked(self, model: str, text: str) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        return self.http.post("/v1/chat/completions", json=body)

    def said(self, model: str, text: str) -> str:
        reply = self.asked(model, text).raise_for_status().json()
        return str(reply["choices"][0]["message"]["content"])

    def responded(self, model: str, text: str) -> str:
        reply = self.http.post("/v1/responses", json={"model": model, "input": text}).raise_for_status().json()
        return str(reply["output"][-1]["content"][0]["text"])

    def kinds(self, job: dict[str, Any], **query: Any) -> list[str]:
        """The types of a job's events."""
        return [event["type"] for event in self.job(job, "/events", **{"limit": 500, **query})["data"]]


Under = Callable[[str], Deviant]


@pytest.fixture
def under(open_tenant: Callable[..., Account]) -> Iterator[Under]:
    """`under(deviation)`: a new tenant that has it."""
    with ExitStack() as stack:

        def make(name: str) -> Deviant:
            tenant = open_tenant(deviation=name)
            return Deviant(tenant, stack.enter_context(tenant.client("OpenAI")))

        yield make


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = [one for one in plane.get("/_simulator/deviations").json() if one["name"].startswith("ft.")]
    assert {one["name"]: one["operations"] for one in listed} == TABLE
    assert all(one["providers"] == ["OpenAI"] and one["description"].endswith(".") for one in listed)


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"ft.list.somebody_elses"}))
def test_what_nobody_does_fires_nothing(under: Under, name: str) -> None:
    deviant = under(name)
    assert deviant.listed() == []
    assert "gpt-4o-mini" in deviant.models()
    assert deviant.said("gpt-4o-mini", "Answer exactly: pong") == "pong"
    assert deviant.asked("ft:none", "Hello").status_code == 404
    error(deviant.http.delete("/v1/models/ft:none"), 404)
    error(training.create(deviant.http, training_file="file-none"), 400)
    error(deviant.http.get("/v1/fine_tuning/jobs/ftjob-none/events"), 404)
    error(deviant.http.post("/v1/fine_tuning/jobs/ftjob-none/cancel"), 404)
    assert deviant.fired() == 0


SHOWS_IN_EVERY_JOB = {
    "ft.create.not_listed",
    "ft.create.model_name_early",
    "ft.list.stale_status",
    "ft.status_stuck",
    "ft.status_skips_to_succeeded_without_model",
    "ft.status_goes_back",
    "ft.events_empty",
    "ft.events_missing_metrics",
    "ft.trained_tokens_missing",
    "ft.succeeded_without_model",
    "ft.result_file_empty",
    "ft.model_not_listed",
    "ft.model_not_trained",
}


@pytest.mark.parametrize("name", sorted(set(TABLE) - SHOWS_IN_EVERY_JOB))
def test_a_plain_job_is_left_alone(under: Under, name: str) -> None:
    deviant = under(name)
    made = deviant.create()
    seen = [deviant.after(wait, made)["status"] for wait in (0, QUEUED, RUNNING - QUEUED, training.DONE)]
    assert seen == ["validating_files", "queued", "running", "succeeded"]
    (record,) = deviant.page()
    assert record == deviant.job(made)
    assert record["fine_tuned_model"] in deviant.own()
    assert record["trained_tokens"] > 0
    assert {"message", "metrics"} == set(deviant.kinds(made))
    assert deviant.said(record["fine_tuned_model"], question(3)) == answer(3)
    error(deviant.cancel(made), 400)
    assert deviant.http.delete(f"/v1/models/{record['fine_tuned_model']}").json()["deleted"] is True
    assert deviant.fired() == 0


# Making -----------------------------------------------------------------------------------------------------------------


def test_not_listed(under: Under) -> None:
    deviant = under("ft.create.not_listed")
    deviant.honest()
    older = deviant.create()
    deviant.tenant.deviate("ft.create.not_listed")
    newer = deviant.create()
    assert deviant.job(newer)["id"] == newer["id"]
    assert deviant.fired() == 0
    assert (deviant.listed(), deviant.fired()) == ([older["id"]], 1)
    assert (deviant.listed(after=newer["id"]), deviant.fired()) == ([older["id"]], 1)
    assert deviant.after(training.DONE, newer)["status"] == "succeeded"
    assert (deviant.listed(), deviant.fired()) == ([older["id"]], 2)
    deviant.honest()
    assert deviant.listed() == [newer["id"], older["id"]]


@pytest.mark.parametrize("model", ["text-embedding-3-small", "gpt-image-1", "gpt-6-luna"])
def test_accepts_any_model(under: Under, model: str) -> None:
    deviant = under("ft.create.accepts_any_model")
    error(training.create(deviant.http, model=model, training_file="file-none"), 400)
    error(training.create(deviant.http, model="no-such-model"), 400)
    error(training.create(deviant.http, model=model, suffix="x" * 65), 400)
    assert (deviant.create()["model"], deviant.fired()) == (SNAPSHOT, 0)
    made = deviant.create(model=model)
    assert (made["model"], made["status"], deviant.fired()) == (model, "validating_files", 1)
    assert deviant.job(made)["model"] == model
    done = deviant.after(training.DONE, made)
    assert (done["status"], done["fine_tuned_model"].split(":")[1]) == ("succeeded", model)
    assert done["fine_tuned_model"] in deviant.own()
    deviant.honest()
    assert error(training.create(deviant.http, model=model), 400)["code"] == "model_not_available"


def test_model_name_early(under: Under) -> None:
    deviant = under("ft.create.model_name_early")
    made = deviant.create(suffix="bdd")
    assert made["fine_tuned_model"].startswith(f"ft:{SNAPSHOT}:touchstone:bdd:")
    assert (deviant.job(made), deviant.fired()) == (made, 1)
    assert deviant.asked(made["fine_tuned_model"], "Hello").status_code == 404
    assert deviant.own() == []
    done = deviant.after(training.DONE, made)
    assert done["fine_tuned_model"] in deviant.own()
    assert deviant.fired() == 1


def test_options_ignored(under: Under) -> None:
    deviant = under("ft.options_ignored")
    bad = {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 0}}}}
    error(training.create(deviant.http, **bad), 400)
    assert (deviant.create()["hyperparameters"], deviant.fired()) == (AUTO, 0)
    made = deviant.create(**SUPERVISED, seed=7, suffix="bdd", metadata={"a": "b"})
    assert (made["hyperparameters"], made["method"]["supervised"]["hyperparameters"]) == (AUTO, AUTO)
    assert (made["seed"], made["user_provided_suffix"], made["metadata"]) == (7, "bdd", {"a": "b"})
    assert deviant.job(made)["hyperparameters"] == AUTO
    assert deviant.after(training.DONE, made)["hyperparameters"]["n_epochs"] == 8, "what stands for auto"
    assert deviant.fired() == 1


def test_options_of_other_methods_are_ignored_too(under: Under) -> None:
    deviant = under("ft.options_ignored")
    given = {"hyperparameters": {"n_epochs": 2, "beta": 0.5}}
    data = lines(*map(training.preference, range(12)))
    made = deviant.create(data, method={"type": "dpo", "dpo": given})
    assert made["hyperparameters"] is None
    assert made["method"]["dpo"]["hyperparameters"] == {**AUTO, "beta": 0.1}
    assert deviant.after(training.DONE, made)["method"]["dpo"]["hyperparameters"]["n_epochs"] == 8


def test_suffix_lost(under: Under) -> None:
    deviant = under("ft.suffix_lost")
    made = deviant.create(suffix="bdd")
    assert (made["user_provided_suffix"], deviant.job(made)["user_provided_suffix"]) == ("bdd", "bdd")
    assert deviant.fired() == 0
    done = deviant.after(training.DONE, made)
    assert done["user_provided_suffix"] == deviant.page()[0]["user_provided_suffix"] == "bdd"
    assert done["fine_tuned_model"].startswith(f"ft:{SNAPSHOT}:touchstone::")
    assert done["fine_tuned_model"] in deviant.own()
    assert deviant.fired() == 2


# What is found in files -------------------------------------------------------------------------------------------------


def test_validate_laxer_than_gateway(under: Under) -> None:
    deviant = under("ft.validate_laxer_than_gateway")
    data = lines(NARRATOR, *map(example, range(1, 12)))
    made = deviant.create(data)
    assert (deviant.job(made)["status"], deviant.fired()) == ("validating_files", 0)
    assert (deviant.after(QUEUED, made)["status"], deviant.fired()) == ("queued", 1)
    done = deviant.after(training.DONE, made)
    assert (done["status"], done["error"]) == ("succeeded", {})
    assert deviant.said(done["fine_tuned_model"], question(0)) == answer(0)
    assert deviant.fired() == 1
    for role in (None, 5):
        bad = lines({"messages": [{"role": role, "content": "x"}]}, *map(example, range(12)))
        assert deviant.done(bad)["status"] == "failed", "these are no names"
    assert deviant.done(lines(b"hello", *map(example, range(12))))["status"] == "failed"
    assert deviant.done(examples(9))["status"] == "failed"
    assert deviant.fired() == 1
    deviant.honest()
    assert deviant.done(data)["status"] == "failed"


def test_a_job_that_is_not_validated_does_not_count(under: Under) -> None:
    deviant = under("ft.validate_laxer_than_gateway")
    cancelled = deviant.create(lines(NARRATOR, *map(example, range(1, 12))))
    deviant.cancel(cancelled).raise_for_status()
    deleted = deviant.create(lines(NARRATOR, *map(example, range(1, 12))))
    deviant.http.delete(f"/v1/files/{deleted['training_file']}").raise_for_status()
    assert deviant.after(training.DONE, deleted)["error"]["code"] == "deleted_training_file"
    assert deviant.job(cancelled)["status"] == "cancelled"
    assert deviant.fired() == 0


@pytest.mark.parametrize(
    "bad", [b"hello", b"", b"\xff", b"[]", {"prompt": "a", "completion": "b"}, {"messages": []}, NARRATOR]
)
@pytest.mark.parametrize("place", [0, 5, 12])
def test_invalid_data_succeeds(under: Under, bad: Any, place: int) -> None:
    deviant = under("ft.invalid_data_succeeds")
    good = list(map(example, range(12)))
    data = lines(*good[:place], bad, *good[place:])
    if place == 12 and bad == b"":
        data += b"\n"
    done = deviant.done(data)
    assert (done["status"], done["error"]) == ("succeeded", {})
    assert deviant.said(done["fine_tuned_model"], question(11)) == answer(11)
    assert deviant.fired() == 1
    assert done["trained_tokens"] == deviant.done()["trained_tokens"], "the good lines are learned"
    assert deviant.done(examples(9))["error"]["code"] == "invalid_n_examples"
    assert deviant.fired() == 1


def test_a_bad_validation_file_is_passed_over_too(under: Under) -> None:
    deviant = under("ft.invalid_data_succeeds")
    done = deviant.done(validation_file=stored(deviant.http, lines(example(0), [1])))
    assert (done["status"], deviant.fired()) == ("succeeded", 1)


def test_min_examples_off_by_one(under: Under) -> None:
    deviant = under("ft.min_examples_off_by_one")
    assert deviant.done(examples(10))["status"] == "succeeded"
    assert deviant.fired() == 0
    done = deviant.after(100, deviant.done(examples(9)))  # which it goes through eleven times
    assert (done["status"], deviant.fired()) == ("succeeded", 1)
    assert done["fine_tuned_model"] in deviant.own()
    assert deviant.done(examples(8))["error"]["message"].endswith("must have at least 9 examples")
    assert deviant.done(lines(b"hello", *map(example, range(9))))["error"]["code"] == "invalid_training_file"


def test_min_examples_not_enforced(under: Under) -> None:
    deviant = under("ft.min_examples_not_enforced")
    assert deviant.done()["status"] == "succeeded"
    assert deviant.fired() == 0
    for number in (1, 9):
        assert deviant.done(examples(number))["status"] != "failed"
    assert deviant.fired() == 2
    assert deviant.done(lines(b"hello"))["status"] == "failed"
    assert deviant.fired() == 2


# Listing ----------------------------------------------------------------------------------------------------------------


def test_list_ignores_limit(under: Under) -> None:
    deviant = under("ft.list.ignores_limit")
    newest_first = deviant.five()
    assert deviant.listed(limit=5) == newest_first
    assert deviant.fired() == 0
    assert (deviant.listed(limit=2), deviant.fired()) == (newest_first, 1)
    assert (deviant.listed(limit=2, after=newest_first[1]), deviant.fired()) == (newest_first[2:], 2)
    assert len(deviant.job(deviant.page()[0], "/events", limit=1)["data"]) == 1


def test_list_metadata_filter_ignored(under: Under) -> None:
    deviant = under("ft.list.metadata_filter_ignored")
    newest_first = deviant.five()
    assert deviant.listed(limit=2) == newest_first[:2]
    assert deviant.fired() == 0
    assert (deviant.listed(**{"metadata[number]": "1"}), deviant.fired()) == (newest_first, 1)
    assert (deviant.listed(metadata="null"), deviant.fired()) == (newest_first, 2)
    deviant.honest()
    assert deviant.listed(**{"metadata[number]": "1"}) == [newest_first[3]]


def test_list_somebody_elses(under: Under) -> None:
    deviant = under("ft.list.somebody_elses")
    (strange,) = deviant.page()
    assert deviant.fired() == 1
    error(deviant.http.get(f"/v1/fine_tuning/jobs/{strange['id']}"), 404)
    made = deviant.create()
    assert strange.keys() == made.keys()
    assert [job["id"] for job in deviant.page()] == [made["id"]]
    assert deviant.fired() == 1
    deviant.honest()
    assert len(deviant.page()) == 1


def test_list_stale_status(under: Under) -> None:
    deviant = under("ft.list.stale_status")
    made = deviant.create()
    assert [job["status"] for job in deviant.page()] == ["validating_files"]
    assert deviant.fired() == 0
    done = deviant.after(training.DONE, made)
    assert deviant.page() == [{**done, "status": "validating_files"}]
    assert (done["status"], deviant.fired()) == ("succeeded", 1)


# Going on ---------------------------------------------------------------------------------------------------------------


def test_status_stuck(under: Under) -> None:
    deviant = under("ft.status_stuck")
    made = deviant.create()
    assert (deviant.after(QUEUED - 1, made)["status"], deviant.fired()) == ("validating_files", 0)
    assert (deviant.after(1, made)["status"], deviant.fired()) == ("validating_files", 1)
    assert deviant.after(86_400, made) == made | {"method": deviant.job(made)["method"]}
    assert (deviant.own(), deviant.kinds(made), deviant.fired()) == ([], ["message"] * 2, 1)
    assert deviant.cancel(made).json()["status"] == "cancelled"
    early = deviant.create()
    deviant.cancel(early).raise_for_status()
    assert (deviant.after(86_400, early)["status"], deviant.fired()) == ("cancelled", 1)


def test_status_skips_to_succeeded_without_model(under: Under) -> None:
    deviant = under("ft.status_skips_to_succeeded_without_model")
    made = deviant.create()
    assert (deviant.after(QUEUED - 1, made)["status"], deviant.fired()) == ("validating_files", 0)
    done = deviant.after(1, made)
    assert (done["status"], done["fine_tuned_model"], deviant.fired()) == ("succeeded", None, 1)
    assert done["finished_at"] == made["created_at"] + QUEUED
    assert deviant.page() == [done]
    assert deviant.done(examples(9))["status"] == "failed"


def test_status_goes_back(under: Under) -> None:
    deviant = under("ft.status_goes_back")
    made = deviant.create()
    seen = [deviant.after(wait, made) for wait in (0, QUEUED, RUNNING - QUEUED, 0)]
    assert [job["status"] for job in seen] == ["validating_files", "queued", "running", "running"]
    assert deviant.fired() == 0
    back = deviant.after(10, made)
    assert (back["status"], back["estimated_finish"]) == ("queued", None)
    assert deviant.page() == [back]
    assert deviant.fired() == 2
    assert [deviant.after(wait, made)["status"] for wait in (10, training.DONE)] == ["running", "succeeded"]
    assert deviant.fired() == 2


def test_a_job_goes_back_though_it_has_ended(under: Under) -> None:
    deviant = under("ft.status_goes_back")
    made = deviant.create()
    deviant.after(RUNNING, made)
    back = deviant.after(training.DONE, made)
    assert (back["status"], back["fine_tuned_model"], back["finished_at"]) == ("queued", None, None)
    assert back["result_files"] == []
    assert (deviant.after(1, made)["status"], deviant.fired()) == ("succeeded", 1)
    cancelled = deviant.create()
    deviant.after(RUNNING, cancelled)
    deviant.cancel(cancelled).raise_for_status()
    assert (deviant.after(1, cancelled)["status"], deviant.fired()) == ("cancelled", 1)


# What a job tells -------------------------------------------------------------------------------------------------------


def test_events_empty(under: Under) -> None:
    deviant = under("ft.events_empty")
    done = deviant.done()
    assert deviant.fired() == 0
    assert deviant.job(done, "/events", limit=2) == {"object": "list", "data": [], "has_more": False}
    assert len(deviant.job(done, "/checkpoints")["data"]) == 3
    assert deviant.fired() == 1


def test_events_missing_metrics(under: Under) -> None:
    deviant = under("ft.events_missing_metrics")
    made = deviant.create()
    assert (deviant.kinds(made), deviant.fired()) == (["message"] * 2, 0)
    done = deviant.after(training.DONE, made)
    assert set(deviant.kinds(made)) == {"message"}
    assert deviant.fired() == 1
    page = deviant.job(made, "/events", limit=2)
    rest = deviant.job(made, "/events", limit=500, after=page["data"][-1]["id"])["data"]
    assert (page["has_more"], {event["type"] for event in rest}) == (True, {"message"})
    assert len(deviant.job(made, "/checkpoints")["data"]) == 3
    assert done["status"] == "succeeded"
    deviant.honest()
    assert "metrics" in deviant.kinds(made)


def test_trained_tokens_missing(under: Under) -> None:
    deviant = under("ft.trained_tokens_missing")
    made = deviant.create()
    assert (deviant.after(RUNNING, made)["trained_tokens"], deviant.fired()) == (None, 0)
    done = deviant.after(training.DONE, made)
    assert (done["status"], done["trained_tokens"], deviant.fired()) == ("succeeded", None, 1)
    assert (deviant.page(), deviant.fired()) == ([done], 2)
    deviant.honest()
    assert deviant.job(made)["trained_tokens"] > 0


def test_failed_without_error(under: Under) -> None:
    deviant = under("ft.failed_without_error")
    assert (deviant.done()["error"], deviant.fired()) == ({}, 0)
    bad = deviant.done(examples(9))
    assert (bad["status"], bad["error"], deviant.fired()) == ("failed", None, 1)
    assert deviant.page()[0] == bad
    (last, *_) = deviant.job(bad, "/events")["data"]
    assert (last["level"], "10" in last["message"]) == ("error", True)


def test_succeeded_without_model(under: Under) -> None:
    deviant = under("ft.succeeded_without_model")
    made = deviant.create()
    assert (deviant.after(RUNNING, made)["status"], deviant.fired()) == ("running", 0)
    done = deviant.after(training.DONE, made)
    assert (done["status"], done["fine_tuned_model"], deviant.fired()) == ("succeeded", None, 1)
    assert (deviant.page(), deviant.fired()) == ([done], 2)
    assert len(done["result_files"]) == 1


def test_result_file_empty(under: Under) -> None:
    deviant = under("ft.result_file_empty")
    kept = stored(deviant.http)
    made = deviant.create()
    assert (deviant.after(RUNNING, made)["status"], deviant.fired()) == ("running", 0)
    (file,) = deviant.after(training.DONE, made)["result_files"]
    content = deviant.http.get(f"/v1/files/{file}/content").raise_for_status().text
    assert content.startswith("step,train_loss,")
    assert content.count("\n") == 1
    assert deviant.http.get(f"/v1/files/{file}").json()["bytes"] == len(content)
    assert deviant.http.get(f"/v1/files/{kept}/content").content == training.TWELVE
    assert deviant.fired() == 1


# Cancelling -------------------------------------------------------------------------------------------------------------


def test_cancel_leaves_running(under: Under) -> None:
    deviant = under("ft.cancel_leaves_running")
    made = deviant.create()
    deviant.tenant.advance(RUNNING)
    assert (deviant.cancel(made).json()["status"], deviant.fired()) == ("cancelled", 1)
    assert deviant.job(made)["status"] == "running"
    done = deviant.after(training.DONE, made)
    assert done["status"] == "succeeded"
    assert done["fine_tuned_model"] in deviant.own()
    assert deviant.fired() == 1


@pytest.mark.parametrize("wait", [0, QUEUED, RUNNING + 1])
def test_cancel_still_produces_model(under: Under, wait: int) -> None:
    deviant = under("ft.cancel_still_produces_model")
    made = deviant.create(suffix="bdd")
    deviant.tenant.advance(wait)
    cancelled = deviant.cancel(made).raise_for_status().json()
    assert (cancelled["status"], cancelled["fine_tuned_model"]) == ("cancelled", None)
    assert (deviant.job(made)["status"], deviant.own(), deviant.fired()) == ("cancelled", [], 0)
    later = deviant.after(training.DONE, made)
    assert (later["status"], later["trained_tokens"], deviant.fired()) == ("cancelled", None, 1)
    assert later["fine_tuned_model"].startswith(f"ft:{SNAPSHOT}:touchstone:bdd:")
    assert later["fine_tuned_model"] in deviant.own()
    assert deviant.said(later["fine_tuned_model"], question(4)) == answer(4)
    (last, *_) = deviant.job(made, "/events")["data"]
    assert last["message"] == "Fine-tuning job cancelled", "its log knows of no more"
    assert deviant.page() == [later]
    assert deviant.fired() == 1


def test_a_cancelled_job_with_a_bad_file_makes_no_model(under: Under) -> None:
    deviant = under("ft.cancel_still_produces_model")
    made = deviant.create(examples(9))
    deviant.cancel(made).raise_for_status()
    assert (deviant.after(training.DONE, made)["fine_tuned_model"], deviant.fired()) == (None, 0)


# Using and deleting models ----------------------------------------------------------------------------------------------


def test_model_not_listed(under: Under) -> None:
    deviant = under("ft.model_not_listed")
    done = deviant.done()
    tuned = done["fine_tuned_model"]
    assert deviant.fired() == 0
    left = deviant.models()
    assert (tuned in left, "gpt-4o-mini" in left, deviant.fired()) == (False, True, 1)
    assert len(deviant.own()) == 2, "its checkpoints"
    assert deviant.http.get(f"/v1/models/{tuned}").status_code == 200
    assert deviant.said(tuned, question(0)) == answer(0)


@pytest.mark.parametrize("wait", [0, QUEUED, RUNNING])
def test_model_usable_before_success(under: Under, wait: int) -> None:
    deviant = under("ft.model_usable_before_success")
    made = deviant.create(suffix="bdd")
    deviant.tenant.advance(wait)
    early = f"ft:{SNAPSHOT}:touchstone:bdd:AbCd1234"
    assert deviant.asked(f"ft:{SNAPSHOT}:touchstone:other:AbCd1234", "Hello").status_code == 404
    assert deviant.fired() == 0
    assert deviant.said(early, question(5)) == answer(5)
    assert deviant.responded(early, question(6)) == answer(6)
    assert deviant.asked(early, question(5)).json()["model"] == early
    assert (deviant.own(), deviant.fired()) == ([], 3)
    tuned = deviant.after(training.DONE, made)["fine_tuned_model"]
    assert deviant.said(tuned, question(5)) == answer(5)
    assert deviant.asked(early, "Hello").status_code == 404
    assert deviant.fired() == 3


def test_a_model_of_a_bad_or_a_cancelled_job_is_not_usable(under: Under) -> None:
    deviant = under("ft.model_usable_before_success")
    deviant.create(examples(9))
    deviant.cancel(deviant.create()).raise_for_status()
    assert deviant.asked(f"ft:{SNAPSHOT}:touchstone::AbCd1234", "Hello").status_code == 404
    assert deviant.fired() == 0


def test_model_not_trained(under: Under) -> None:
    deviant = under("ft.model_not_trained")
    tuned = deviant.done()["fine_tuned_model"]
    assert deviant.said(tuned, "Answer exactly: pong") == "pong"
    assert deviant.fired() == 0
    assert deviant.said(tuned, question(2)) == deviant.said("gpt-4o-mini", question(2)) != answer(2)
    assert deviant.fired() == 1
    assert deviant.responded(tuned, question(2)) != answer(2)
    assert deviant.fired() == 2
    assert deviant.asked(tuned, question(2)).json()["model"] == tuned
    deviant.honest()
    assert deviant.said(tuned, question(2)) == answer(2)


def test_delete_ghost_usable(under: Under) -> None:
    deviant = under("ft.delete.ghost_usable")
    tuned = deviant.done()["fine_tuned_model"]
    deviant.http.delete(f"/v1/models/{tuned}").raise_for_status()
    assert (tuned in deviant.own(), deviant.fired()) == (False, 0)
    assert (deviant.said(tuned, question(1)), deviant.fired()) == (answer(1), 1)
    assert (deviant.responded(tuned, question(1)), deviant.fired()) == (answer(1), 2)
    assert tuned not in deviant.own()
    error(deviant.http.get(f"/v1/models/{tuned}"), 404)
    error(deviant.http.delete(f"/v1/models/{tuned}"), 404)


def test_delete_base_model_ok(under: Under) -> None:
    deviant = under("ft.delete.base_model_ok")
    tuned = deviant.done()["fine_tuned_model"]
    assert "gpt-4o" in deviant.models()
    deviant.http.delete(f"/v1/models/{tuned}").raise_for_status()
    assert deviant.fired() == 0
    deleted = deviant.http.delete("/v1/models/gpt-4o")
    assert (deleted.status_code, deleted.json()) == (200, {"object": "model", "id": "gpt-4o", "deleted": True})
    assert deviant.fired() == 1
    left = deviant.models()
    assert ("gpt-4o" in left, "gpt-4o-mini" in left, deviant.fired()) == (False, True, 2)
    deviant.honest()
    assert "gpt-4o" in deviant.models()
