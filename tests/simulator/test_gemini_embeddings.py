"""Gemini's simulated embeddings (provider-facts 6.2; recordings: batchEmbedContents)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types

from tests.simulator.account import Account
from tests.simulator.gemini_calls import counted
from tests.simulator.gemini_searched import error

ONE, TWO, PREVIEW = "gemini-embedding-001", "gemini-embedding-2", "gemini-embedding-2-preview"
PAIR = ("The cat sleeps on the warm sofa.", "A cat is sleeping on a sofa.")
STRANGER = "Interest rates rose by half a point."


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.fixture(params=["v1", "v1beta"])
def sdk(tenant: Account, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    """The SDK on either API version."""
    options = types.HttpOptions(base_url=tenant.url, api_version=request.param)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as client:
        yield client


def wanting(text: str, model: str = ONE, **fields: Any) -> dict[str, Any]:
    return {"model": f"models/{model}", "content": {"parts": [{"text": text}]}, **fields}


def batch(http: httpx.Client, *requests: dict[str, Any], model: str = ONE) -> httpx.Response:
    return http.post(f"/v1beta/models/{model}:batchEmbedContents", json={"requests": list(requests)})


def vectors(http: httpx.Client, *texts: str, model: str = ONE, **fields: Any) -> list[list[float]]:
    answered = batch(http, *(wanting(text, model, **fields) for text in texts), model=model).raise_for_status().json()
    return [entry["values"] for entry in answered["embeddings"]]


def norm(vector: list[float]) -> float:
    return math.sqrt(sum(value * value for value in vector))


def cosine(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True)) / norm(left) / norm(right)


def test_the_sdk_embeds_one_and_many(sdk: genai.Client) -> None:
    answer = sdk.models.embed_content(model=ONE, contents=list(PAIR))
    assert answer.embeddings is not None
    assert [len(entry.values or ()) for entry in answer.embeddings] == [3072, 3072]
    assert answer.usage_metadata is None
    config = types.EmbedContentConfig(task_type="RETRIEVAL_DOCUMENT", title="Cats", output_dimensionality=10)
    (short,) = sdk.models.embed_content(model=ONE, contents=PAIR[0], config=config).embeddings or ()
    assert len(short.values or ()) == 10
    together = sdk.models.embed_content(model=TWO, contents=list(PAIR))
    assert len(together.embeddings or ()) == 1
    assert together.usage_metadata is not None
    assert (together.usage_metadata.prompt_token_count or 0) > 0


def test_vectors_come_in_the_order_of_the_texts_and_stay_the_same(http: httpx.Client) -> None:
    texts = [f"Sentence number {number} about rivers." for number in range(100)]
    found = vectors(http, *texts)
    assert len(found) == 100
    for place in (0, 42, 99):
        (alone,) = vectors(http, texts[place])
        assert found[place] == alone
    assert cosine(found[0], found[1]) < 0.999


@pytest.mark.parametrize("model", [ONE, TWO, PREVIEW])
def test_texts_that_share_words_are_near(http: httpx.Client, model: str) -> None:
    first, second, stranger = vectors(http, *PAIR, STRANGER, model=model)
    assert (len(first), norm(first)) == (3072, pytest.approx(1, abs=1e-6))
    assert cosine(first, second) - cosine(first, stranger) > 0.3
    assert cosine(first, first) > 0.999
    other = vectors(http, PAIR[0], model=ONE if model == TWO else TWO)[0]
    assert abs(cosine(first, other)) < 0.5


@pytest.mark.parametrize("size", [1, 128, 768, 2048])
def test_a_shortened_vector_is_the_beginning_of_the_whole_one(http: httpx.Client, size: int) -> None:
    (whole,) = vectors(http, PAIR[0])
    (short,) = vectors(http, PAIR[0], outputDimensionality=size)
    assert short == whole[:size]
    assert norm(short) < 0.9999


@pytest.mark.parametrize("model", [TWO, PREVIEW])
def test_the_newer_models_bring_a_shortened_vector_to_unit_length(http: httpx.Client, model: str) -> None:
    (whole,) = vectors(http, PAIR[0], model=model)
    (short,) = vectors(http, PAIR[0], model=model, outputDimensionality=768)
    assert len(short) == 768
    assert norm(short) == pytest.approx(1, abs=1e-6)
    assert cosine(short, whole[:768]) == pytest.approx(1, abs=1e-6)


def test_the_older_models_have_shorter_vectors(http: httpx.Client) -> None:
    for model in ("text-embedding-004", "embedding-001"):
        (vector,) = vectors(http, PAIR[0], model=model)
        assert (len(vector), norm(vector)) == (768, pytest.approx(1, abs=1e-6))
    refused = batch(http, wanting("hi", "embedding-001", outputDimensionality=8), model="embedding-001")
    assert "output_dimensionality" in error(refused, 400)


def test_one_text_without_a_batch(http: httpx.Client) -> None:
    response = http.post(f"/v1beta/models/{ONE}:embedContent", json={"content": {"parts": [{"text": PAIR[0]}]}})
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    assert response.json() == {"embedding": {"values": vectors(http, PAIR[0])[0]}}


def test_the_parts_of_a_content_make_one_vector(http: httpx.Client) -> None:
    content = {"parts": [{"text": text} for text in PAIR]}
    response = batch(http, {"model": f"models/{ONE}", "content": content, "taskType": "RETRIEVAL_DOCUMENT"})
    (together,) = response.raise_for_status().json()["embeddings"]
    for text in PAIR:
        assert 0.5 < cosine(together["values"], vectors(http, text)[0]) < 0.999


def test_usage_is_told_by_the_newest_model_alone(http: httpx.Client) -> None:
    for model in (ONE, PREVIEW):
        assert list(batch(http, wanting(PAIR[0], model), model=model).json()) == ["embeddings"]
    answered = batch(http, wanting(PAIR[0], TWO), wanting(PAIR[1], TWO), model=TWO).json()
    tokens = sum(counted(http, {"contents": [{"parts": [{"text": text}]}]}) for text in PAIR)
    assert answered["usageMetadata"] == {
        "promptTokenCount": tokens,
        "promptTokenDetails": [{"modality": "TEXT", "tokenCount": tokens}],
    }
    numbers = http.post(
        f"/v1beta/models/{TWO}:embedContent?$alt=json;enum-encoding=int", json={"content": {"parts": [{"text": "hi"}]}}
    ).json()
    assert numbers["usageMetadata"]["promptTokenDetails"] == [{"modality": 1, "tokenCount": 1}]


def test_the_newest_model_takes_pictures_too(http: httpx.Client) -> None:
    def seen(model: str, data: str) -> httpx.Response:
        parts = [{"text": "a dog"}, {"inlineData": {"mimeType": "image/png", "data": data}}]
        return http.post(f"/v1beta/models/{model}:embedContent", json={"content": {"parts": parts}})

    first, second = seen(TWO, "iVBORwA=").json(), seen(TWO, "iVBORwE=").json()
    assert cosine(first["embedding"]["values"], second["embedding"]["values"]) < 0.999
    assert [entry["modality"] for entry in first["usageMetadata"]["promptTokenDetails"]] == ["TEXT", "IMAGE"]
    assert "only text" in error(seen(ONE, "iVBORwA="), 400)


def test_a_text_beyond_the_limit_is_cut(http: httpx.Client) -> None:
    limit = 8192
    long = " ".join(["word"] * limit)
    answered = batch(http, wanting(f"{long} and the rest", TWO), model=TWO).raise_for_status().json()
    assert answered["usageMetadata"]["promptTokenCount"] == limit
    assert answered["embeddings"][0]["values"] == vectors(http, long, model=TWO)[0]


@pytest.mark.parametrize(
    ("requests", "part"),
    [
        ([wanting("")], "EmbedContentRequest.content contains an empty Part."),
        ([wanting("hi"), wanting("")], "EmbedContentRequest.content contains an empty Part."),
        ([{"model": f"models/{ONE}"}], "requests[0].content"),
        ([{"model": f"models/{ONE}", "content": {"parts": []}}], "requests[0].content"),
        ([wanting("hi")] * 101, "BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch"),
        ([], "BatchEmbedContentsRequest.requests"),
        ([wanting("hi", TWO)], "requests[0].model"),
        ([wanting("hi", outputDimensionality=3073)], "output_dimensionality"),
        ([wanting("hi", outputDimensionality=0)], "output_dimensionality"),
        ([wanting("hi", taskType="GUESSING")], "task_type"),
        ([wanting("hi", colour="blue")], 'Unknown name "colour"'),
    ],
)
def test_what_is_refused(http: httpx.Client, requests: list[dict[str, Any]], part: str) -> None:
    assert part in error(batch(http, *requests), 400)


@pytest.mark.parametrize("model", ["nonexistent-model", "gemini-2.5-flash"])
@pytest.mark.parametrize("method", ["embedContent", "batchEmbedContents"])
def test_a_model_that_embeds_nothing(http: httpx.Client, model: str, method: str) -> None:
    body = wanting("hi", model) if method == "embedContent" else {"requests": [wanting("hi", model)]}
    said = error(http.post(f"/v1/models/{model}:{method}", json=body), 404)
    assert said.startswith(f"models/{model} is not found for API version v1, or is not supported for embedContent. ")


def test_every_embedding_model_in_the_list_embeds(http: httpx.Client) -> None:
    listed = http.get("/v1beta/models?pageSize=1000").json()["models"]
    names = [
        model["name"].removeprefix("models/")
        for model in listed
        if "embedContent" in model["supportedGenerationMethods"]
    ]
    assert {ONE, TWO, PREVIEW} <= set(names)
    for name in names:
        assert len(vectors(http, "hi", model=name)[0]) == 3072
