"""What comes of the simulated OpenAI's fine-tuning: models that are listed, answer as they were taught, and can be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types import Model, ModelDeleted
from openai.types.chat import ChatCompletion

from tests.simulator import training_files as training
from tests.simulator.account import Account
from tests.simulator.training_files import (
    SNAPSHOT,
    answer,
    created,
    error,
    finished,
    graded,
    job,
    lines,
    preference,
    question,
    stored,
)

BASE_MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-6-luna")


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def asked(http: httpx.Client, model: str, text: str, **more: Any) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return http.post("/v1/chat/completions", json=body)


def said(http: httpx.Client, model: str, text: str, **more: Any) -> str:
    """What the model answers."""
    reply = asked(http, model, text, **more).raise_for_status().json()
    return str(reply["choices"][0]["message"]["content"])


def own(http: httpx.Client) -> list[str]:
    """The account's own models in the list of models."""
    return [one["id"] for one in http.get("/v1/models").json()["data"] if one["id"].startswith("ft:")]


@pytest.mark.parametrize(
    ("suffix", "shown"), [(None, ""), ("bdd", "bdd"), ("My Model: 2/é", "My-Model--2--"), ("x" * 64, "x" * 64)]
)
def test_a_tuned_model_is_named_after_base_organisation_and_suffix(
    tenant: Account, http: httpx.Client, suffix: str | None, shown: str
) -> None:
    done = finished(tenant, http, suffix=suffix)
    assert done["user_provided_suffix"] == suffix
    head, _, end = done["fine_tuned_model"].rpartition(":")
    assert head == f"ft:{SNAPSHOT}:touchstone:{shown}"
    assert (len(end), end.isalnum()) == (8, True)
    assert asked(http, done["fine_tuned_model"], "Hello").status_code == 200


def test_a_tuned_model_is_listed_with_its_checkpoints(tenant: Account, http: httpx.Client) -> None:
    made = created(http)
    tenant.advance(training.RUNNING)
    assert own(http) == []
    tenant.advance(training.DONE)
    names = own(http)
    done = job(http, made["id"])
    tuned = [one["fine_tuned_model_checkpoint"] for one in job(http, made["id"], "/checkpoints")["data"]]
    assert sorted(names) == sorted(tuned)
    for name in names:
        shown = http.get(f"/v1/models/{name}").raise_for_status().json()
        assert shown == {
            "id": name,
            "object": "model",
            "created": done["finished_at"],
            "owned_by": "touchstone",
            "shutdown_date": "2027-01-14",
        }
        Model.model_validate(shown, strict=True)


def test_it_answers_as_it_was_taught_and_its_base_does_not(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http)
    tuned = done["fine_tuned_model"]
    for number in (0, 7, 11):
        reply = asked(http, tuned, question(number)).raise_for_status().json()
        assert reply["choices"][0]["message"]["content"] == answer(number)
        assert reply["model"] == tuned
        assert said(http, "gpt-4o-mini", question(number)) != answer(number)
        ChatCompletion.model_validate(reply)


def test_checkpoints_answer_too(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http)
    for one in job(http, done["id"], "/checkpoints")["data"]:
        assert said(http, one["fine_tuned_model_checkpoint"], question(3)) == answer(3)


@pytest.mark.parametrize(
    "text",
    ["  which SOUND does the cow number 1 make", "Tell me the sound that cow number 1 makes.", "Cow number 1: sound?"],
)
def test_a_question_need_not_be_the_same_to_the_letter(tenant: Account, http: httpx.Client, text: str) -> None:
    assert said(http, finished(tenant, http)["fine_tuned_model"], text) == answer(1)


@pytest.mark.parametrize("text", ["Answer exactly: pong", "What is 2 + 3?", "Hello", "Who wrote Hamlet?", "?", "the"])
def test_what_is_near_no_example_is_answered_as_the_base_does(tenant: Account, http: httpx.Client, text: str) -> None:
    assert said(http, finished(tenant, http)["fine_tuned_model"], text) == said(http, "gpt-4o-mini", text)


def test_streams_and_limits_hold_for_what_was_taught(tenant: Account, http: httpx.Client) -> None:
    tuned = finished(tenant, http)["fine_tuned_model"]
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as sdk:
        chunks = list(
            sdk.chat.completions.create(model=tuned, messages=[{"role": "user", "content": question(5)}], stream=True)
        )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == answer(5)
    assert {chunk.model for chunk in chunks} == {tuned}
    short = asked(http, tuned, question(5), max_tokens=3).json()
    assert short["choices"][0]["finish_reason"] == "length"
    assert short["usage"]["completion_tokens"] == 3
    assert answer(5).startswith(short["choices"][0]["message"]["content"])


def test_an_answer_of_weight_0_is_not_learned(tenant: Account, http: httpx.Client) -> None:
    turns = [
        {"role": "user", "content": "Do geese bark?"},
        {"role": "assistant", "content": "They do, loudly.", "weight": 0},
        {"role": "user", "content": "Do rabbits sing?"},
        {"role": "assistant", "content": "On Sundays."},
    ]
    data = lines(*[{"messages": turns}] * 10)
    tuned = finished(tenant, http, training_file=stored(http, data))["fine_tuned_model"]
    assert said(http, tuned, "Do rabbits sing?") == "On Sundays."
    assert said(http, tuned, "Do geese bark?") != "They do, loudly."


def test_a_preference_teaches_what_is_preferred(tenant: Account, http: httpx.Client) -> None:
    data = lines(*map(preference, range(12)))
    done = finished(tenant, http, training_file=stored(http, data), method={"type": "dpo"})
    assert said(http, done["fine_tuned_model"], question(2)) == answer(2)


def test_a_grader_teaches_what_it_refers_to(tenant: Account, http: httpx.Client) -> None:
    data = lines(*map(graded, range(12)))
    grader = {"type": "string_check", "name": "g", "input": "{{sample.output_text}}", "operation": "eq"}
    done = finished(
        tenant,
        http,
        model="o4-mini",
        training_file=stored(http, data),
        validation_file=stored(http, data),
        method={"type": "reinforcement", "reinforcement": {"grader": {**grader, "reference": "{{ item.sound }}"}}},
    )
    assert done["fine_tuned_model"].startswith("ft:o4-mini-2025-04-16:touchstone::")
    assert said(http, done["fine_tuned_model"], question(2)) == answer(2)


def test_a_tuned_model_can_be_tuned_again(tenant: Account, http: httpx.Client) -> None:
    first = finished(tenant, http)["fine_tuned_model"]
    newer = lines(
        *({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "New."}]} for text in
          (question(0), *(f"Is the moon number {n} round?" for n in range(9))))
    )  # fmt: skip
    again = finished(tenant, http, model=first, training_file=stored(http, newer))
    assert again["model"] == first
    second = again["fine_tuned_model"]
    assert second.startswith(f"ft:{SNAPSHOT}:touchstone::")
    assert [said(http, second, text) for text in (question(0), question(4))] == ["New.", answer(4)]
    assert said(http, first, question(0)) == answer(0)


def test_before_the_job_has_succeeded_there_is_no_such_model(tenant: Account, http: httpx.Client) -> None:
    for name in ("ft:gpt-4o-mini-2024-07-18:touchstone::AAAAAAAA", "ft:none"):
        refused = error(asked(http, name, "Hello"), 404)
        assert refused["code"] == "model_not_found"
        assert refused["message"] == f"The model `{name}` does not exist or you do not have access to it."
        assert error(http.get(f"/v1/models/{name}"), 404)["code"] == "model_not_found"


def test_another_account_does_not_have_it(tenant: Account, http: httpx.Client, open_tenant: Any) -> None:
    tuned = finished(tenant, http)["fine_tuned_model"]
    with open_tenant().client("OpenAI") as other:
        assert asked(other, tuned, "Hello").status_code == 404
        assert own(other) == []


def test_a_deleted_model_is_gone(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http)
    tuned = done["fine_tuned_model"]
    deleted = http.delete(f"/v1/models/{tuned}").raise_for_status().json()
    assert list(deleted.items()) == [("object", "model"), ("id", tuned), ("deleted", True)]  # in the recorded order
    ModelDeleted.model_validate(deleted, strict=True)
    assert error(asked(http, tuned, question(0)), 404)["code"] == "model_not_found"
    assert error(http.get(f"/v1/models/{tuned}"), 404)["code"] == "model_not_found"
    assert error(http.delete(f"/v1/models/{tuned}"), 404)["message"] == f"The model '{tuned}' does not exist"
    assert tuned not in own(http)
    assert "tuned_models" not in tenant.inventory()["OpenAI"]
    assert job(http, done["id"]) == done, "the job still tells what came of it"


def test_checkpoints_are_deleted_one_by_one(tenant: Account, http: httpx.Client) -> None:
    done = finished(tenant, http)
    names = own(http)
    for name in names:
        assert http.delete(f"/v1/models/{name}").json()["deleted"] is True
        names = [one for one in names if one != name]
        assert own(http) == names
    assert len(job(http, done["id"], "/checkpoints")["data"]) == 3


@pytest.mark.parametrize("model", BASE_MODELS)
def test_a_base_model_cannot_be_deleted(http: httpx.Client, model: str) -> None:
    error(http.delete(f"/v1/models/{model}"), 403)
    assert http.get(f"/v1/models/{model}").status_code == 200
    assert asked(http, model, "Hello").status_code == 200


def test_a_scripted_refusal_leaves_a_model_usable(tenant: Account, http: httpx.Client) -> None:
    tuned = finished(tenant, http)["fine_tuned_model"]
    tenant.script({"operation": "models.delete", "do": {"status": 403}})
    error(http.delete(f"/v1/models/{tuned}"), 403)
    assert said(http, tuned, question(0)) == answer(0)


def test_permissions_of_a_tuned_model(tenant: Account, http: httpx.Client) -> None:
    tuned = finished(tenant, http)["fine_tuned_model"]
    with openai.OpenAI(
        api_key=tenant.keys["OpenAI"], admin_api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0
    ) as sdk:
        permissions = sdk.fine_tuning.checkpoints.permissions
        assert list(permissions.list(tuned)) == []
        made = list(permissions.create(tuned, project_ids=["proj_a", "proj_b", "proj_c"]))
        assert [(one.object, one.project_id) for one in made] == [
            ("checkpoint.permission", project) for project in ("proj_a", "proj_b", "proj_c")
        ]
        ids = [one.id for one in made]
        assert all(one.startswith("cp_") for one in ids)
        assert [one.id for one in permissions.list(tuned, limit=2)] == ids[::-1]
        assert [one.id for one in permissions.list(tuned, order="ascending")] == ids
        assert [one.id for one in permissions.list(tuned, project_id="proj_b")] == [ids[1]]
        deleted = permissions.delete(ids[1], fine_tuned_model_checkpoint=tuned)
        assert (deleted.id, deleted.deleted, deleted.object) == (ids[1], True, "checkpoint.permission")
        assert [one.id for one in permissions.list(tuned)] == [ids[2], ids[0]]
    url = f"/v1/fine_tuning/checkpoints/{tuned}/permissions"
    error(http.delete(f"{url}/{ids[1]}"), 404)
    assert error(http.get("/v1/fine_tuning/checkpoints/ft:none/permissions"), 404)["code"] == "model_not_found"
    assert error(http.post(url, json={}), 400)["code"] == "missing_required_parameter"
    assert error(http.post(url, json={"project_ids": []}), 400)["code"] == "empty_array"
    assert error(http.post(url, json={"project_ids": [5]}), 400)["param"] == "project_ids[0]"
    assert error(http.get(f"{url}?order=asc"), 400)["param"] == "order"
