"""OpenAI's simulated embeddings: sizes, forms, order, limits (provider-facts 6.1; recordings: embeddings)."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types import CreateEmbeddingResponse

from tests.simulator.account import Account

SMALL = "text-embedding-3-small"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client


def asked(http: httpx.Client, **body: Any) -> httpx.Response:
    return http.post("/v1/embeddings", json={"model": SMALL, **body})


def vectors(http: httpx.Client, **body: Any) -> list[list[float]]:
    data = asked(http, **body).raise_for_status().json()["data"]
    assert [item["index"] for item in data] == list(range(len(data)))
    return [item["embedding"] for item in data]


def length(vector: list[float]) -> float:
    return math.sqrt(sum(number * number for number in vector))


def cosine(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True)) / length(left) / length(right)


def error(response: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert response.status_code == status, response.text
    refused: dict[str, Any] = response.json()["error"]
    assert set(refused) == {"message", "type", "param", "code"}
    return refused


@pytest.mark.parametrize(
    ("model", "size", "answers_as"),
    [
        ("text-embedding-3-small", 1536, "text-embedding-3-small"),
        ("text-embedding-3-large", 3072, "text-embedding-3-large"),
        ("text-embedding-ada-002", 1536, "text-embedding-ada-002-v2"),
    ],
)
def test_each_model_has_its_size_and_unit_length(sdk: openai.OpenAI, model: str, size: int, answers_as: str) -> None:
    made = sdk.embeddings.create(model=model, input="A lighthouse by the sea")
    assert (made.model, made.object, len(made.data[0].embedding)) == (answers_as, "list", size)
    assert length(made.data[0].embedding) == pytest.approx(1, abs=1e-4)
    assert made.usage.prompt_tokens == made.usage.total_tokens > 0


def test_an_answer_has_every_key_of_a_live_one_and_the_limits_in_its_headers(http: httpx.Client) -> None:
    response = asked(http, input="A lighthouse")
    body = response.json()
    assert list(body) == ["object", "data", "model", "usage"]
    assert list(body["data"][0]) == ["object", "index", "embedding"]
    CreateEmbeddingResponse.model_validate(body, strict=True)
    assert response.headers["x-ratelimit-limit-requests"] == "10000"
    assert response.headers["openai-version"] == "2020-10-01"


@pytest.mark.parametrize("dimensions", [1, 8, 256, 1535, 1536])
def test_fewer_dimensions_are_of_unit_length_too(http: httpx.Client, dimensions: int) -> None:
    (short,) = vectors(http, input="A lighthouse by the sea", dimensions=dimensions)
    (long,) = vectors(http, input="A lighthouse by the sea")
    assert len(short) == dimensions
    assert length(short) == pytest.approx(1, abs=1e-4)
    assert cosine(short, long[:dimensions]) == pytest.approx(1, abs=1e-4)


def test_base64_is_the_same_numbers(http: httpx.Client) -> None:
    (floats,) = vectors(http, input="A lighthouse", encoding_format="float")
    (text,) = vectors(http, input="A lighthouse", encoding_format="base64")
    packed = base64.b64decode(str(text))
    assert struct.unpack(f"<{len(floats)}f", packed) == struct.unpack(
        f"<{len(floats)}f", struct.pack(f"<{len(floats)}f", *floats)
    )


def test_many_inputs_come_back_in_their_order(sdk: openai.OpenAI) -> None:
    texts = ["ships", "lighthouses", "the sea", "ships"]
    together = sdk.embeddings.create(model=SMALL, input=texts)
    alone = [sdk.embeddings.create(model=SMALL, input=text) for text in texts]
    assert [item.index for item in together.data] == [0, 1, 2, 3]
    assert [item.embedding for item in together.data] == [one.data[0].embedding for one in alone]
    assert together.usage.prompt_tokens == sum(one.usage.prompt_tokens for one in alone)


def test_related_texts_are_nearer_than_unrelated_ones(http: httpx.Client) -> None:
    fox, related, other = vectors(http, input=["A fox jumps.", "The fox was jumping.", "Interest rates fell."])
    assert cosine(fox, related) - cosine(fox, other) > 0.3
    assert cosine(fox, related) == pytest.approx(cosine(related, fox))


def test_models_do_not_share_their_vectors(http: httpx.Client) -> None:
    (small,), (ada,) = (
        vectors(http, input="A lighthouse by the sea", model=model) for model in (SMALL, "text-embedding-ada-002")
    )
    assert abs(cosine(small, ada)) < 0.2


def test_tokens_may_come_as_numbers(http: httpx.Client) -> None:
    one = asked(http, input=[8134, 2308]).json()
    two = asked(http, input=[[8134], [2308], [8134]]).json()
    assert (len(one["data"]), one["usage"]["prompt_tokens"]) == (1, 2)
    assert (len(two["data"]), two["usage"]["prompt_tokens"]) == (3, 3)
    assert two["data"][0]["embedding"] == two["data"][2]["embedding"] != two["data"][1]["embedding"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"input": ""}, "Invalid 'input': input cannot be an empty string."),
        ({"input": ["a", ""]}, "Invalid 'input': input cannot be an empty string."),
        ({}, "Missing required parameter: 'input'."),
        ({"input": []}, "'$.input' is invalid. Please check the API reference"),
        ({"input": [[]]}, "'$.input' is invalid. Please check the API reference"),
        ({"input": ["a", 1]}, "'$.input' is invalid. Please check the API reference"),
        ({"input": [True]}, "'$.input' is invalid. Please check the API reference"),
        ({"input": {"text": "a"}}, "'$.input' is invalid. Please check the API reference"),
        ({"input": ["a"] * 2049}, "Invalid 'input': array too long. Expected an array with maximum length 2048"),
        ({"input": "a", "dimensions": 0}, "0 is less than the minimum of 1 - 'dimensions'"),
        ({"input": "a", "dimensions": -42}, "-42 is less than the minimum of 1 - 'dimensions'"),
        ({"input": "a", "dimensions": 1537}, "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536."),
        ({"input": "a", "dimensions": "9"}, "Invalid type for 'dimensions': expected an integer"),
        ({"input": "a", "encoding_format": "hex"}, "'hex' is not one of ['float', 'base64'] - 'encoding_format'"),
        ({"input": "a", "colour": "red"}, "Unknown parameter: 'colour'."),
        (
            {"input": "a", "model": "text-embedding-ada-002", "dimensions": 256},
            "This model does not support specifying dimensions.",
        ),
    ],
)  # fmt: skip
def test_a_request_out_of_bounds_is_refused(http: httpx.Client, body: dict[str, Any], message: str) -> None:
    refused = error(asked(http, **body))
    assert refused["message"].startswith(message)
    assert refused["type"] == "invalid_request_error"


def test_the_largest_requests_are_taken_and_the_next_larger_are_not(http: httpx.Client) -> None:
    assert len(vectors(http, input=["a"] * 2048, dimensions=1)) == 2048
    assert asked(http, input="a " * 8190, dimensions=1).json()["usage"]["prompt_tokens"] <= 8192
    assert asked(http, input=[7] * 8192, dimensions=1).json()["usage"]["prompt_tokens"] == 8192
    refused = error(asked(http, input=[7] * 8193))
    assert refused["message"].startswith(
        "This model's maximum context length is 8192 tokens, however you requested 8193"
    )
    full = [[7] * 8000] * 37
    assert asked(http, input=[*full, [7] * 4000], dimensions=1).json()["usage"]["total_tokens"] == 300_000
    refused = error(asked(http, input=[*full, [7] * 4001]))
    assert refused["code"] == refused["type"] == "max_tokens_per_request"


def test_an_unknown_model_is_not_found_and_a_chat_model_embeds_nothing(http: httpx.Client) -> None:
    response = asked(http, input="a", model="not-found-model")
    assert error(response, 404) == {
        "message": "The model `not-found-model` does not exist or you do not have access to it.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    refused = error(asked(http, input="a", model="gpt-4.1-mini"), 403)
    assert refused["message"] == "You are not allowed to generate embeddings from this model"
    assert error(http.post("/v1/embeddings", json={"input": "a"}))["message"] == "you must provide a model parameter"
