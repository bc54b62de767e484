"""The deviations of vectors: another order, another size, one vector for all; each in its one way, and none of a single text's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account

MODELS = {"OpenAI": "text-embedding-3-small", "Gemini": "gemini-embedding-001"}
FULL = {"OpenAI": 1536, "Gemini": 3072}
TEXTS = ["The tide comes in.", "A violin is carved.", "Rates rose again."]
every_embedder = pytest.mark.parametrize("provider", MODELS)


class Embedder:
    """One provider's vectors, from a tenant that may have a deviation."""

    def __init__(self, account: Account, provider: str) -> None:
        self.account = account
        self._provider = provider
        self.http = account.client(provider)

    def vectors(self, *texts: str, size: int | None = None) -> list[list[float]]:
        model = MODELS[self._provider]
        if self._provider == "OpenAI":
            asked: dict[str, Any] = {"model": model, "input": list(texts)}
            if size is not None:
                asked["dimensions"] = size
            answered = self.http.post("/v1/embeddings", json=asked).raise_for_status().json()
            return [one["embedding"] for one in answered["data"]]
        requests = [
            {"model": f"models/{model}", "content": {"parts": [{"text": text}]}}
            | ({} if size is None else {"outputDimensionality": size})
            for text in texts
        ]
        path = f"/v1beta/models/{model}:batchEmbedContents"
        answered = self.http.post(path, json={"requests": requests}).raise_for_status().json()
        return [one["values"] for one in answered["embeddings"]]

    def honest(self) -> None:
        self.account.deviate(None)


@pytest.fixture
def under(open_tenant: Callable[..., Account]) -> Iterator[Callable[[str, str], Embedder]]:
    """`under(provider, deviation)`: a new tenant that has it."""
    made: list[httpx.Client] = []

    def make(provider: str, deviation: str) -> Embedder:
        embedder = Embedder(open_tenant(deviation=deviation), provider)
        made.append(embedder.http)
        return embedder

    yield make
    for client in made:
        client.close()


Under = Callable[[str, str], Embedder]


@every_embedder
def test_constant_vector(under: Under, provider: str) -> None:
    deviant = under(provider, "embed.constant_vector")
    same = deviant.vectors(*TEXTS)
    assert deviant.account.fired() == 1
    deviant.honest()
    right = deviant.vectors(*TEXTS)
    assert same == [right[0]] * 3
    assert right[0] != right[1] != right[2]


@every_embedder
def test_order_shuffled(under: Under, provider: str) -> None:
    deviant = under(provider, "embed.order_shuffled")
    shuffled = deviant.vectors(*TEXTS)
    assert deviant.account.fired() == 1
    deviant.honest()
    assert shuffled == deviant.vectors(*TEXTS)[::-1]


@every_embedder
def test_dimensions_ignored(under: Under, provider: str) -> None:
    deviant = under(provider, "embed.dimensions_ignored")
    (whole,) = deviant.vectors(TEXTS[0], size=256)
    assert len(whole) == FULL[provider]
    assert deviant.account.fired() == 1
    deviant.honest()
    (short,) = deviant.vectors(TEXTS[0], size=256)
    assert len(short) == 256


@every_embedder
def test_one_number_less(under: Under, provider: str) -> None:
    deviant = under(provider, "embed.one_number_less")
    short = deviant.vectors(*TEXTS)
    assert deviant.account.fired() == 1
    deviant.honest()
    assert short == [vector[:-1] for vector in deviant.vectors(*TEXTS)]


@every_embedder
@pytest.mark.parametrize("name", ["embed.constant_vector", "embed.order_shuffled", "embed.dimensions_ignored"])
def test_one_text_in_full_is_as_ever(under: Under, provider: str, name: str) -> None:
    deviant = under(provider, name)
    vectors = deviant.vectors(TEXTS[0])
    assert deviant.account.fired() == 0
    deviant.honest()
    assert vectors == deviant.vectors(TEXTS[0])
