"""Gemini's simulated answers from File Search stores: what is found, cited and counted (provider-facts 5.2 and 9.3)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from google.genai import types

from tests.simulator.account import Account
from tests.simulator.gemini_cached import report
from tests.simulator.gemini_calls import FLASH, LITE, PRO, asking, counted, parts_of, said, text_of
from tests.simulator.gemini_searched import (
    INDEXING,
    PARIS,
    asked,
    cited,
    made,
    metadata,
    searching,
    upload,
)

QUESTION = "What is the capital of France?"
ANSWER = "Paris is the capital of France."
GEMINI_3 = "gemini-3-flash-preview"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.fixture
def store(http: httpx.Client, tenant: Account) -> str:
    """Three documents, each about something else."""
    name = made(http)
    upload(http, name, PARIS, "paris.txt", customMetadata=metadata(kind="city", year=2020))
    upload(
        http, name, "Neural networks learn from examples.", "ai.txt", customMetadata=metadata(kind="science", year=2024)
    )
    upload(http, name, "Bread needs flour and water.", "bread.txt")
    tenant.advance(INDEXING)
    return name


def grounds_of(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["candidates"][0]["groundingMetadata"]
    return found


def events(http: httpx.Client, body: dict[str, Any], model: str) -> list[dict[str, Any]]:
    response = http.post(f"/v1beta/models/{model}:streamGenerateContent?alt=sse", json=body).raise_for_status()
    return [json.loads(block.removeprefix("data: ")) for block in response.text.strip().split("\r\n\r\n")]


def test_an_answer_rests_on_the_passages_that_say_it(http: httpx.Client, store: str) -> None:
    answer = asked(http, QUESTION, store)
    assert text_of(answer) == ANSWER
    assert cited(answer)[0] == "paris.txt"
    grounds = grounds_of(answer)
    assert list(grounds) == ["groundingChunks", "groundingSupports"]
    context = {
        "title": "paris.txt",
        "text": PARIS,
        "fileSearchStore": store,
        "customMetadata": [{"key": "kind", "stringValue": "city"}, {"key": "year", "numericValue": 2020}],
    }
    assert list(grounds["groundingChunks"][0]["retrievedContext"].items()) == list(context.items())
    assert grounds["groundingSupports"] == [
        {"segment": {"endIndex": len(ANSWER), "text": ANSWER}, "groundingChunkIndices": [0]}
    ]
    types.GroundingMetadata.model_validate(grounds)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        (QUESTION, "paris.txt"),
        ("What do neural networks learn from?", "ai.txt"),
        ("What does bread need?", "bread.txt"),
    ],
)
def test_the_document_about_it_comes_first(http: httpx.Client, store: str, question: str, first: str) -> None:
    assert cited(asked(http, question, store))[0] == first


def test_a_document_without_a_display_name_has_no_title(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    upload(http, store, PARIS)
    tenant.advance(INDEXING)
    chunk = grounds_of(asked(http, QUESTION, store))["groundingChunks"][0]
    assert list(chunk["retrievedContext"]) == ["text", "fileSearchStore"]


@pytest.mark.parametrize("top", [1, 2, 3])
def test_as_many_passages_as_are_asked_for(http: httpx.Client, store: str, top: int) -> None:
    assert len(cited(asked(http, QUESTION, store, topK=top))) == top


def test_five_passages_where_nothing_is_said(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    for number in range(7):
        upload(http, store, f"Tower number {number} stands in Paris.", f"{number}.txt")
    tenant.advance(INDEXING)
    assert len(cited(asked(http, "Where does the tower stand?", store))) == 5


def test_several_stores_are_searched_together(http: httpx.Client, tenant: Account, store: str) -> None:
    other = made(http, embeddingModel="models/gemini-embedding-2")
    upload(http, other, "Rome is the capital of Italy.", "rome.txt")
    tenant.advance(INDEXING)
    answer = asked(http, "What is the capital of Italy?", store, other)
    assert cited(answer)[:2] == ["rome.txt", "paris.txt"]
    assert grounds_of(answer)["groundingChunks"][0]["retrievedContext"]["fileSearchStore"] == other


def test_what_nothing_answers_is_not_known_and_not_grounded(http: httpx.Client, tenant: Account, store: str) -> None:
    nowhere = made(http, "empty")
    told = "What does bread need?"
    assert text_of(asked(http, told, store)) != "I do not know."
    for answer in (
        asked(http, "What is the melting point of tungsten?", store),
        asked(http, told, nowhere),
        asked(http, told, store, metadataFilter='kind = "weather"'),
    ):
        assert text_of(answer) == "I do not know."
        assert "groundingMetadata" not in answer["candidates"][0]
    empty = asked(http, QUESTION, nowhere)
    assert "toolUsePromptTokenCount" not in empty["usageMetadata"]


def test_what_the_model_says_of_itself_is_not_grounded(http: httpx.Client, store: str) -> None:
    answer = asked(http, "What is 2 + 2?", store)
    assert text_of(answer) == "4"
    assert "groundingMetadata" not in answer["candidates"][0]
    assert "groundingMetadata" not in said(http, asking(QUESTION), FLASH)["candidates"][0]


def test_places_in_an_answer_are_counted_in_bytes(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    first, second = "Zürich is the largest city of Switzerland.", "Bern is the capital of Switzerland."
    upload(http, store, first, "zurich.txt")
    upload(http, store, second, "bern.txt")
    tenant.advance(INDEXING)
    question = "What is the largest city of Switzerland, and what is the capital of Switzerland?"
    answer = asked(http, question, store)
    assert text_of(answer) == f"{first} {second}"
    supports = grounds_of(answer)["groundingSupports"]
    assert [support["segment"] for support in supports] == [
        {"endIndex": 43, "text": first},
        {"startIndex": 44, "endIndex": 79, "text": second},
    ]
    titles = [cited(answer)[support["groundingChunkIndices"][0]] for support in supports]
    assert titles == ["zurich.txt", "bern.txt"]


def test_a_long_document_is_found_by_the_passage_that_says_it(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    upload(http, store, report(), "report.txt")
    tenant.advance(INDEXING)
    answer = asked(http, "What is the passphrase of the vault?", store)
    assert "marigold-seven" in text_of(answer)
    (support,) = grounds_of(answer)["groundingSupports"]
    for index in support["groundingChunkIndices"]:
        text = grounds_of(answer)["groundingChunks"][index]["retrievedContext"]["text"]
        assert "marigold-seven" in text
        assert len(text) < len(report()) / 4


@pytest.mark.parametrize(("size", "overlap"), [(200, 50), (100, 0), (512, 511)])
def test_passages_are_of_the_size_and_overlap_that_were_asked_for(
    http: httpx.Client, tenant: Account, size: int, overlap: int
) -> None:
    store, text = made(http), report()[:4500] + " The passphrase of the vault is marigold-seven."
    spaces = {"maxTokensPerChunk": size, "maxOverlapTokens": overlap}
    upload(http, store, text, "report.txt", chunkingConfig={"whiteSpaceConfig": spaces})
    tenant.advance(INDEXING)
    answer = asked(http, "What is the passphrase of the vault?", store, topK=2000)
    passages = [chunk["retrievedContext"]["text"] for chunk in grounds_of(answer)["groundingChunks"]]
    tokens = counted(http, asking(text))
    assert len(passages) == math.ceil((tokens - overlap) / (size - overlap))
    places = sorted((text.index(passage), text.index(passage) + len(passage)) for passage in passages)
    assert (places[0][0], places[-1][1]) == (0, len(text))
    assert max(counted(http, asking(text[start:end])) for start, end in places[:5]) == size
    for (_, end), (start, _) in pairwise(places[:5]):
        assert (counted(http, asking(text[start:end])) if end > start else 0) == overlap


# Filters ----------------------------------------------------------------------------------------------------------------

BOOKS: dict[str, dict[str, Any]] = {
    "a": {"genre": "drama", "year": 1999, "tags": ["old", "short"]},
    "b": {"genre": "comedy", "year": 2010, "tags": ["short"]},
    "c": {"genre": "drama", "year": 2020.5},
    "d": {"genre": "science fiction", "year": 2024, "shelf-no": "7"},
    "e": {},
}


@pytest.fixture
def library(http: httpx.Client, tenant: Account) -> str:
    store = made(http)
    for title, values in BOOKS.items():
        upload(http, store, f"The book on the shelf is called {title}.", title, customMetadata=metadata(**values))
    tenant.advance(INDEXING)
    return store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcde"),
        ("  ", "abcde"),
        ('genre = "drama"', "ac"),
        ("genre='drama'", "ac"),
        ("genre=drama", "ac"),
        ('genre = "science fiction"', "d"),
        ('genre = "Drama"', ""),
        ('genre != "drama"', "bd"),
        ('NOT genre = "drama"', "bde"),
        ('-genre = "drama"', "bde"),
        ("NOT (year > 2000 OR genre:*)", "e"),
        ("year > 2010", "cd"),
        ("year >= 2010", "bcd"),
        ("year < 2010", "a"),
        ("year <= 2010.0", "ab"),
        ("year = 2020.5", "c"),
        ("year != 1999", "bcd"),
        ('year = "1999"', ""),
        ("genre > 3", ""),
        ('genre = "drama" AND year > 2000', "c"),
        ('genre = "drama" year > 2000', "c"),
        ('genre = "comedy" OR year = 2024', "bd"),
        ('genre = "drama" AND year > 2000 OR year < 2000', "ac"),
        ('year < 2000 OR year > 2000 AND genre = "drama"', "ac"),
        ('(genre = "comedy" OR genre = "drama") AND NOT year < 2000', "bc"),
        ("((year > 2000))AND(year<2015)", "b"),
        ('tags = "short"', "ab"),
        ("tags:old", "a"),
        ('tags != "old"', "b"),
        ("tags:*", "ab"),
        ('shelf-no = "7"', "d"),
        ("shelf-no = 7", ""),
        ('"shelf-no" = "7"', "d"),
        ("publisher = x", ""),
        ("publisher != x", ""),
        (r'genre = "dr\"ama"', ""),
    ],
)
def test_a_filter_chooses_by_metadata(http: httpx.Client, library: str, text: str, expected: str) -> None:
    answer = asked(http, "What is the book on the shelf called?", library, metadataFilter=text)
    assert sorted(str(title) for title in cited(answer)) == list(expected)


def test_a_filter_comes_before_the_limit(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    for number in range(8):
        upload(http, store, "Paris is the capital of France, Paris is its largest city.", f"near{number}")
    for number in range(2):
        upload(http, store, "France grows wine.", f"far{number}", customMetadata=metadata(kind="wine"))
    tenant.advance(INDEXING)
    assert set(cited(asked(http, "France: what does it grow?", store, topK=2, metadataFilter="kind=wine"))) == {
        "far0",
        "far1",
    }


# The wire ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [LITE, FLASH, PRO, GEMINI_3])
def test_the_passages_count_as_what_the_tool_gave(http: httpx.Client, store: str, model: str) -> None:
    answer = asked(http, QUESTION, store, model=model)
    usage = answer["usageMetadata"]
    read = sum(
        counted(http, asking(chunk["retrievedContext"]["text"])) for chunk in grounds_of(answer)["groundingChunks"]
    )
    assert usage["toolUsePromptTokenCount"] == read
    assert usage["toolUsePromptTokensDetails"] == [{"modality": "TEXT", "tokenCount": read}]
    assert usage["promptTokenCount"] == counted(http, asking(QUESTION), model)
    spent = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + spent + read
    del usage["serviceTier"]  # the SDK's converter drops it
    types.GenerateContentResponse.model_validate(answer)


@pytest.mark.parametrize("model", [FLASH, GEMINI_3])
def test_a_stream_is_grounded_at_its_end(http: httpx.Client, store: str, model: str) -> None:
    body = asking(QUESTION, tools=searching(store))
    chunks, whole = events(http, body, model), said(http, body, model)
    assert "".join(text_of(chunk) for chunk in chunks) == ANSWER
    assert [chunk for chunk in chunks[:-1] if "groundingMetadata" in chunk["candidates"][0]] == []
    assert grounds_of(chunks[-1]) == grounds_of(whole)
    assert chunks[-1]["usageMetadata"] == whole["usageMetadata"]
    told_early = "toolUsePromptTokenCount" in chunks[0]["usageMetadata"]
    assert told_early is (model == FLASH)


def test_an_answer_that_is_cut_off_is_grounded_as_far_as_it_goes(http: httpx.Client, store: str) -> None:
    body = asking(QUESTION, tools=searching(store), generationConfig={"maxOutputTokens": 4})
    answer = said(http, body, LITE)
    assert answer["candidates"][0]["finishReason"] == "MAX_TOKENS"
    text = text_of(answer)
    assert ANSWER.startswith(text)
    assert grounds_of(answer)["groundingSupports"][0]["segment"] == {"endIndex": len(text), "text": text}


def test_the_search_can_be_shown_as_parts(http: httpx.Client, store: str) -> None:
    shown = {"toolConfig": {"includeServerSideToolInvocations": True}}
    body = asking(QUESTION, tools=searching(store), **shown)
    called, responded, text = parts_of(said(http, body, GEMINI_3))
    assert called["toolCall"] == {"toolType": "FILE_SEARCH", "id": called["toolCall"]["id"]}
    assert responded["toolResponse"] == called["toolCall"]
    assert called["thoughtSignature"]
    assert responded["thoughtSignature"]
    assert text["text"] == ANSWER
    streamed = events(http, body, GEMINI_3)
    assert ["toolCall" in parts_of(chunk)[0] for chunk in streamed[:3]] == [True, False, False]
    assert "toolResponse" in parts_of(streamed[1])[0]


def test_the_stores_can_be_named_by_a_cache(http: httpx.Client, store: str) -> None:
    wanted = {
        "model": f"models/{LITE}",
        "contents": [{"role": "user", "parts": [{"text": report()}]}],
        "tools": searching(store),
    }
    cache = http.post("/v1beta/cachedContents", json=wanted).raise_for_status().json()["name"]
    answer = said(http, asking(QUESTION, cachedContent=cache), LITE)
    assert cited(answer)[0] == "paris.txt"


def test_the_last_question_is_what_is_searched_for(http: httpx.Client, store: str) -> None:
    contents = [
        {"role": "user", "parts": [{"text": QUESTION}]},
        {"role": "model", "parts": [{"text": ANSWER}]},
        {"role": "user", "parts": [{"text": "What does bread need?"}]},
    ]
    answer = said(http, {"contents": contents, "tools": searching(store)}, FLASH)
    assert text_of(answer) == "Bread needs flour and water."
    assert cited(answer)[0] == "bread.txt"
