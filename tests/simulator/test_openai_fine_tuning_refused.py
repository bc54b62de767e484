"""Fine-tuning jobs that the simulated OpenAI does not create, and what it says then (recordings: fine-tuning create)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import SNAPSHOT, create, created, error, stored

CLOSED = {
    "message": "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new "
    "fine-tuning training jobs. Learn more "
    "https://developers.openai.com/api/docs/deprecations#update-to-openais-self-serve-fine-tuning",
    "type": "invalid_request_error",
    "param": None,
    "code": "training_not_available",
}
GRADER = {"type": "string_check", "name": "g", "input": "a", "reference": "b", "operation": "eq"}


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def refused(http: httpx.Client, status: int = 400, **options: Any) -> dict[str, Any]:
    """The error of a job that is not created, and is not among those that the account has."""
    said = error(create(http, **options), status)
    assert http.get("/v1/fine_tuning/jobs").json()["data"] == []
    return said


@pytest.mark.parametrize(
    "model",
    ["gpt-nonexistent", "text-embedding-3-small", "gpt-image-1", "gpt-6-luna", "gpt-5-nano", "whisper-1", "ft:x:y::z"],
)
def test_a_model_that_cannot_be_tuned_is_refused(http: httpx.Client, model: str) -> None:
    assert refused(http, model=model) == {
        "message": f"Model {model} is not available for fine-tuning or does not exist.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_available",
    }


@pytest.mark.parametrize(("model", "method"), [("gpt-3.5-turbo", "dpo"), ("o4-mini", "supervised"), ("o4-mini", "dpo")])
def test_a_method_that_a_model_is_not_tuned_by_is_refused(http: httpx.Client, model: str, method: str) -> None:
    said = refused(http, model=model, method={"type": method})
    assert said["code"] == "model_not_available"
    assert (model in said["message"], method in said["message"]) == (True, True)


@pytest.mark.parametrize("param", ["training_file", "validation_file"])
@pytest.mark.parametrize("file", ["Invalid File Name", "7", "file-abc123"])
def test_an_unknown_file_is_refused_in_the_recorded_words(http: httpx.Client, param: str, file: str) -> None:
    assert refused(http, **{param: file}) == {
        "message": f"invalid {param}: {file}",
        "type": "invalid_request_error",
        "param": param,
        "code": None,
    }


@pytest.mark.parametrize("param", ["training_file", "validation_file"])
def test_a_file_of_another_purpose_is_refused(http: httpx.Client, param: str) -> None:
    file = stored(http, purpose="user_data")
    said = refused(http, **{param: file})
    assert said["param"] == param
    assert (file in said["message"], "'user_data'" in said["message"]) == (True, True)


def test_a_file_that_is_still_processed_is_refused(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"files.processing": 20})
    with tenant.client("OpenAI") as http:
        file = stored(http)
        assert http.get(f"/v1/files/{file}").json()["status"] == "uploaded"
        said = refused(http, training_file=file)
        assert said["message"] == (
            f"File '{file}' is still being processed and is not ready to be used for fine-tuning. Please try again later."
        )
        tenant.advance(20)
        assert http.get(f"/v1/files/{file}").json()["status"] == "processed"
        assert created(http, training_file=file)["status"] == "validating_files"


def hyper(method: str, **given: Any) -> dict[str, Any]:
    return {"method": {"type": method, method: {"hyperparameters": given}}}


WHERE = "method.supervised.hyperparameters"
REINFORCED = {"type": "reinforcement", "reinforcement": {"grader": GRADER}}


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"suffix": "x" * 65}, "suffix", "string_above_max_length"),
        ({"suffix": ""}, "suffix", "empty_string"),
        ({"seed": -1}, "seed", "integer_below_min_value"),
        ({"seed": 2**31}, "seed", "integer_above_max_value"),
        ({"training_file": None}, "training_file", "missing_required_parameter"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": 5}, "model", "invalid_type"),
        ({"epochs": 5}, "epochs", "unknown_parameter"),
        (hyper("supervised", n_epochs=0), f"{WHERE}.n_epochs", "integer_below_min_value"),
        (hyper("supervised", n_epochs=51), f"{WHERE}.n_epochs", "integer_above_max_value"),
        (hyper("supervised", n_epochs=1.5), f"{WHERE}.n_epochs", "invalid_type"),
        (hyper("supervised", n_epochs="many"), f"{WHERE}.n_epochs", "invalid_type"),
        (hyper("supervised", batch_size=257), f"{WHERE}.batch_size", "integer_above_max_value"),
        (hyper("supervised", learning_rate_multiplier=-1), f"{WHERE}.learning_rate_multiplier", "decimal_below_min_value"),
        (hyper("supervised", learning_rate_multiplier=0), f"{WHERE}.learning_rate_multiplier", "decimal_below_min_value"),
        (hyper("supervised", beta=0.1), f"{WHERE}.beta", "unknown_parameter"),
        (hyper("dpo", beta=2.5), "method.dpo.hyperparameters.beta", "decimal_above_max_value"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "integer_below_min_value"),
        ({"method": {"type": "magic"}}, "method.type", "invalid_value"),
        ({"method": {}}, "method.type", "missing_required_parameter"),
        ({"method": {"type": "reinforcement"}}, "method.reinforcement.grader", "missing_required_parameter"),
        (
            {"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "python", "name": "g"}}}},
            "method.reinforcement.grader.source",
            "missing_required_parameter",
        ),
        ({"method": REINFORCED, "model": "o4-mini"}, "validation_file", "missing_required_parameter"),
        (
            {"method": {"type": "reinforcement", "reinforcement": {"hyperparameters": {"reasoning_effort": "max"}}}},
            "method.reinforcement.hyperparameters.reasoning_effort",
            "invalid_value",
        ),
        ({"integrations": [{"type": "wandb"}]}, "integrations[0].wandb", "missing_required_parameter"),
        ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations[0].wandb.project", "missing_required_parameter"),
        ({"integrations": [{"type": "mlflow", "wandb": {}}]}, "integrations[0].type", "invalid_value"),
        ({"metadata": {"run": 5}}, "metadata.run", "invalid_type"),
    ],
)  # fmt: skip
def test_an_option_out_of_its_bounds_is_refused(
    http: httpx.Client, options: dict[str, Any], param: str, code: str
) -> None:
    said = refused(http, **options)
    assert (said["param"], said["code"]) == (param, code), said


def test_the_bounds_themselves_are_taken(http: httpx.Client) -> None:
    wanted = {"n_epochs": 50, "batch_size": 256, "learning_rate_multiplier": 1e-9}
    made = created(http, suffix="x" * 64, seed=2**31 - 1, hyperparameters=wanted)
    assert made["hyperparameters"] == wanted
    assert (
        created(http, model="gpt-4o", method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 2}}})["method"]["dpo"][
            "hyperparameters"
        ]["beta"]
        == 2.0
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/events"),
        ("GET", "/checkpoints"),
    ],
)
def test_an_unknown_job_is_refused_in_the_recorded_words(http: httpx.Client, method: str, path: str) -> None:
    assert error(http.request(method, f"/v1/fine_tuning/jobs/123{path}"), 404) == {
        "message": "Could not find fine tune: 123",
        "type": "invalid_request_error",
        "param": "fine_tune_id",
        "code": "fine_tune_not_found",
    }


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=ftjob-none"])
def test_a_page_that_there_is_none_of_is_refused(http: httpx.Client, query: str) -> None:
    assert error(http.get(f"/v1/fine_tuning/jobs?{query}"), 400)["param"] == query.partition("=")[0]


def test_nobody_creates_a_job_once_fine_tuning_has_ended(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(now="2027-01-05T23:59:00Z")
    with tenant.client("OpenAI") as http:
        early = created(http)
        tenant.advance(60)
        assert error(create(http), 403) == CLOSED
        with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as sdk:
            with pytest.raises(openai.PermissionDeniedError) as closed:
                sdk.fine_tuning.jobs.create(model=SNAPSHOT, training_file=early["training_file"])
            assert closed.value.code == "training_not_available"
        tenant.advance(training.DONE)
        assert training.job(http, early["id"])["status"] == "succeeded", "what was begun before goes on"


def test_an_organisation_that_may_not_tune_is_scripted(tenant: Account, http: httpx.Client) -> None:
    tenant.script({"operation": "fine_tuning.jobs.create", "do": {"status": 403, "body": {"error": CLOSED}}})
    assert refused(http, 403) == CLOSED
