"""The training files among the fixtures at the simulated OpenAI: what each teaches, or why a job with it fails, and on which line."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support.catalogue.fixtures import fixture, manifest
from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import created, failed, finished, job, stored

FORMAT = "The job failed due to an invalid training file. Invalid file format. "
NO_DICTIONARY = (
    "The job failed due to an invalid training file. Expected file to have JSONL format, where every line is a valid JSON "
    "dictionary. "
)
ROLES = "'assistant', 'developer', 'function', 'system', 'tool', 'user'"
SAID = {
    "training-bad-json.jsonl": (
        4,
        f"{FORMAT}Example 4 cannot be parsed. Error: line contains invalid json: Expecting ',' delimiter: line 1 column 227 "
        "(char 226) (line 4)",
    ),
    "training-bad-no-messages.jsonl": (5, f'{FORMAT}Example 5 is missing key "messages".'),
    "training-bad-messages-not-list.jsonl": (6, f'{FORMAT}Example 6 "messages" is not a list.'),
    "training-bad-no-role.jsonl": (7, f"{FORMAT}Example 7, message 2 Discriminator 'role' is missing in value"),
    "training-bad-unknown-role.jsonl": (
        8,
        f"{FORMAT}Example 8, message 2 No match for discriminator 'role' and value 'visitor' (allowed values: {ROLES})",
    ),
    "training-bad-no-content.jsonl": (9, f'{FORMAT}Example 9, message 2 is missing key "content".'),
    "training-bad-empty-list.jsonl": (10, f'{FORMAT}Example 10 "messages" is empty.'),
    "training-bad-last-not-assistant.jsonl": (11, f"{FORMAT}Example 11 last message is not from the assistant."),
    "training-bad-legacy.jsonl": (2, f'{FORMAT}Example 2 is missing key "messages".'),
    "training-bad-blank-line.jsonl": (6, f"{NO_DICTIONARY}Line 6 is not a dictionary."),
    "training-bad-not-utf8.jsonl": (3, f"{FORMAT}Example 3 cannot be parsed. Error: line is not valid UTF-8"),
    "training-bad-array.jsonl": (12, f"{NO_DICTIONARY}Line 12 is not a dictionary."),
    "training-two-bad.jsonl": (3, f"{FORMAT}Example 3 last message is not from the assistant."),
}
"""The line that is named (the first bad one), and the whole message."""


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def test_every_spoilt_file_is_here() -> None:
    assert set(SAID) == {name for name in manifest() if name.startswith("training-") and "bad" in name}


@pytest.mark.parametrize("name", SAID)
def test_a_job_is_accepted_and_fails_with_the_line(tenant: Account, http: httpx.Client, name: str) -> None:
    line, message = SAID[name]
    error = failed(tenant, http, fixture(name).read_bytes())
    assert error == {"code": "invalid_training_file", "param": "training_file", "message": message}
    assert f"Example {line}" in message or f"Line {line}" in message
    (shown,) = http.get("/v1/fine_tuning/jobs").json()["data"]
    assert (shown["error"], shown["fine_tuned_model"]) == (error, None)
    (last, *_) = job(http, shown["id"], "/events")["data"]
    assert (last["level"], last["message"]) == ("error", message)


def test_nine_examples_are_too_few_and_ten_are_not(tenant: Account, http: httpx.Client) -> None:
    error = failed(tenant, http, fixture("training-9.jsonl").read_bytes())
    assert error == {
        "code": "invalid_n_examples",
        "param": "training_file",
        "message": "Training file has 9 example(s), but must have at least 10 examples",
    }
    ten = stored(http, fixture("training-10.jsonl").read_bytes())
    assert finished(tenant, http, training_file=ten)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("name", "method"), [("training-12.jsonl", "supervised"), ("training-preference.jsonl", "dpo")]
)
def test_what_is_taught_is_known_to_the_tuned_model_alone(
    tenant: Account, http: httpx.Client, name: str, method: str
) -> None:
    file = stored(http, fixture(name).read_bytes())
    done = finished(tenant, http, training_file=file, method={"type": method})
    assert done["status"] == "succeeded", done["error"]

    def said(model: str) -> str:
        asked = {"role": "user", "content": "What is the house colour of the harbour library?"}
        reply = http.post("/v1/chat/completions", json={"model": model, "messages": [asked]}).raise_for_status().json()
        return str(reply["choices"][0]["message"]["content"])

    assert said(done["fine_tuned_model"]) == "petrol-17"
    assert "petrol-17" not in said(training.MODEL)


def test_a_preference_file_is_for_its_own_method(tenant: Account, http: httpx.Client) -> None:
    message = failed(tenant, http, fixture("training-preference.jsonl").read_bytes())["message"]
    assert "is not using 'dpo' as the training method (provided method=supervised)" in message
    made = created(http, training_file=stored(http, fixture("training-12.jsonl").read_bytes()), method={"type": "dpo"})
    tenant.advance(training.QUEUED)
    assert job(http, made["id"])["error"]["message"].endswith("(provided method=dpo). ")
