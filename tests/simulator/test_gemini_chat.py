"""Gemini's simulated generateContent: what the SDK gets, and what stands on the wire (provider-facts 9.3; recordings)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel

from tests.simulator.account import Account
from tests.simulator.gemini_calls import FLASH, LITE, OLD, OLDEST, PRO, WEATHER, asking, parts_of, said, text_of


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


# Answers ----------------------------------------------------------------------------------------------------------------


def test_the_sdk_asks_and_is_answered(sdk: genai.Client) -> None:
    config = types.GenerateContentConfig(system_instruction="You are brief.", max_output_tokens=20, temperature=0.5)
    answer = sdk.models.generate_content(model=LITE, contents="Answer exactly: harbour", config=config)
    assert answer.text == "harbour"
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.usage_metadata is not None
    counted = sdk.models.count_tokens(model=LITE, contents="Answer exactly: harbour").total_tokens
    assert counted is not None
    assert answer.usage_metadata.prompt_token_count == counted + 4  # the system instruction has four tokens


@pytest.mark.parametrize(
    ("model", "candidate", "usage"),
    [
        (LITE, {"content", "index", "finishReason"}, set()),
        (FLASH, {"content", "index", "finishReason"}, {"thoughtsTokenCount"}),
        (OLD, {"content", "finishReason", "avgLogprobs"}, {"candidatesTokensDetails"}),
        (OLDEST, {"content", "index", "finishReason", "avgLogprobs", "safetyRatings"}, {"candidatesTokensDetails"}),
    ],
)
def test_an_answer_has_the_shape_of_its_generation(
    http: httpx.Client, model: str, candidate: set[str], usage: set[str]
) -> None:
    response = http.post(f"/v1beta/models/{model}:generateContent", json=asking("Answer exactly: harbour"))
    assert response.headers["x-gemini-service-tier"] == "standard"
    answer = response.json()
    assert set(answer) == {"candidates", "usageMetadata", "modelVersion", "responseId"}
    assert answer["modelVersion"] == model
    assert set(answer["candidates"][0]) == candidate
    assert answer["candidates"][0]["content"]["role"] == "model"
    always = {"promptTokenCount", "candidatesTokenCount", "totalTokenCount", "promptTokensDetails", "serviceTier"}
    figures = answer["usageMetadata"]
    assert set(figures) == always | usage
    assert figures["totalTokenCount"] == figures["promptTokenCount"] + figures["candidatesTokenCount"] + figures.get(
        "thoughtsTokenCount", 0
    )
    assert figures["promptTokensDetails"] == [{"modality": "TEXT", "tokenCount": figures["promptTokenCount"]}]
    assert ("thoughtSignature" in parts_of(answer)[0]) is (model == LITE)


def test_no_two_answers_share_an_id(http: httpx.Client) -> None:
    assert said(http, asking("Hello"))["responseId"] != said(http, asking("Hello"))["responseId"]


def test_the_conversation_is_remembered(http: httpx.Client) -> None:
    turns = [
        {"role": "user", "parts": [{"text": "My name is Ada."}]},
        {"role": "model", "parts": [{"text": "Hello Ada!"}]},
        {"role": "user", "parts": [{"text": "What is my name?"}]},
    ]
    assert "Ada" in text_of(said(http, {"contents": turns}))


def test_the_output_limit_ends_an_answer(http: httpx.Client) -> None:
    answer = said(http, asking("Count from 1 to 40.", generationConfig={"maxOutputTokens": 5}))
    assert answer["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert answer["usageMetadata"]["candidatesTokenCount"] == 5


def test_a_stop_sequence_ends_an_answer(http: httpx.Client) -> None:
    answer = said(http, asking("Count from 1 to 9.", generationConfig={"stopSequences": [", 4"]}))
    assert text_of(answer) == "1, 2, 3"
    assert answer["candidates"][0]["finishReason"] == "STOP"


def test_several_candidates_are_all_billed(http: httpx.Client) -> None:
    one = said(http, asking("Answer exactly: harbour"))
    three = said(http, asking("Answer exactly: harbour", generationConfig={"candidateCount": 3}))
    assert [candidate["index"] for candidate in three["candidates"]] == [0, 1, 2]
    assert three["usageMetadata"]["candidatesTokenCount"] == 3 * one["usageMetadata"]["candidatesTokenCount"]


def test_safety_is_rated_where_the_request_speaks_of_it(http: httpx.Client) -> None:
    settings = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}, {"category": 8, "threshold": 3}]
    ratings = said(http, asking("Hello", safetySettings=settings))["candidates"][0]["safetyRatings"]
    assert {rating["category"] for rating in ratings} == {
        "HARM_CATEGORY_HATE_SPEECH",
        "HARM_CATEGORY_DANGEROUS_CONTENT",
        "HARM_CATEGORY_HARASSMENT",
        "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    }
    assert {rating["probability"] for rating in ratings} == {"NEGLIGIBLE"}
    assert "safetyRatings" not in said(http, asking("Hello"))["candidates"][0]


def test_enumerations_come_as_numbers_where_asked_for(http: httpx.Client) -> None:
    body = asking("Hello", safetySettings=[{"category": 10, "threshold": 3}])
    path = f"/v1beta/models/{OLD}:generateContent"
    answer = http.post(path, json=body, params={"$alt": "json;enum-encoding=int"}).raise_for_status().json()
    candidate = answer["candidates"][0]
    assert candidate["finishReason"] == 1
    assert {rating["probability"] for rating in candidate["safetyRatings"]} == {1}
    assert {rating["category"] for rating in candidate["safetyRatings"]} == {7, 8, 9, 10}
    assert answer["usageMetadata"]["promptTokensDetails"][0]["modality"] == 1
    assert answer["usageMetadata"]["candidatesTokensDetails"][0]["modality"] == 1


# Thinking ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "thinking", "thinks"),
    [
        (FLASH, None, True),
        (FLASH, {"thinkingBudget": 0}, False),
        (FLASH, {"thinking_budget": 10}, True),
        (LITE, None, False),
        (LITE, {"thinkingLevel": "MINIMAL"}, False),
        (LITE, {"thinking_level": "low"}, True),
        (PRO, None, True),
        ("gemini-3.5-flash", {"thinkingLevel": "MINIMAL"}, False),
        (OLD, None, False),
    ],
)
def test_a_model_thinks_by_its_kind_and_as_it_is_told(
    http: httpx.Client, model: str, thinking: dict[str, Any] | None, thinks: bool
) -> None:
    config = {} if thinking is None else {"thinkingConfig": thinking}
    figures = said(http, asking("Hello", generationConfig=config), model)["usageMetadata"]
    assert ("thoughtsTokenCount" in figures) is thinks


def test_thoughts_are_shown_where_asked_for_and_count_within_the_limit(http: httpx.Client) -> None:
    config = {"thinkingConfig": {"includeThoughts": True}, "maxOutputTokens": 30}
    answer = said(http, asking("Count from 1 to 40.", generationConfig=config), FLASH)
    assert [part.get("thought", False) for part in parts_of(answer)] == [True, False]
    figures = answer["usageMetadata"]
    assert figures["thoughtsTokenCount"] + figures["candidatesTokenCount"] == 30
    hidden = said(http, asking("Hello"), FLASH)
    assert [part.get("thought", False) for part in parts_of(hidden)] == [False]


# Tools ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "signed", "has_id"), [(LITE, True, True), (FLASH, True, False), (OLD, False, False)])
def test_a_function_is_called_and_its_result_is_told(
    http: httpx.Client, model: str, signed: bool, has_id: bool
) -> None:
    tools = [{"functionDeclarations": [WEATHER]}]
    called = said(http, asking("What is the weather in Paris?", tools=tools), model)
    (part,) = parts_of(called)
    assert part["functionCall"]["name"] == "get_weather"
    assert part["functionCall"]["args"] == {"city": "Paris"}
    assert ("thoughtSignature" in part, "id" in part["functionCall"]) == (signed, has_id)
    assert called["candidates"][0]["finishReason"] == "STOP"
    assert called["candidates"][0].get("finishMessage") == (
        None if model == OLD else "Model generated function call(s)."
    )
    body = asking("What is the weather in Paris?", tools=tools)
    body["contents"] += [
        called["candidates"][0]["content"],
        {
            "role": "user",
            "parts": [{"function_response": {"name": "get_weather", "response": {"result": "22 degrees and sunny"}}}],
        },
    ]
    assert text_of(said(http, body, model)) == "22 degrees and sunny"


def test_the_sdk_calls_a_python_function_by_itself(sdk: genai.Client) -> None:
    asked: list[str] = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "22 degrees and sunny"

    config = types.GenerateContentConfig(tools=[get_weather])
    answer = sdk.models.generate_content(model=LITE, contents="What is the weather in Paris?", config=config)
    assert (asked, answer.text) == (["Paris"], "22 degrees and sunny")


@pytest.mark.parametrize(
    ("mode", "allowed", "calls"),
    [
        ("NONE", None, None),
        ("ANY", None, "get_weather"),
        ("any", ["tell_joke"], "tell_joke"),
        ("VALIDATED", None, None),
    ],
)
def test_the_mode_decides_whether_a_function_is_called(
    http: httpx.Client, mode: str, allowed: list[str] | None, calls: str | None
) -> None:
    joke = {"name": "tell_joke", "parametersJsonSchema": {"type": "object", "properties": {}}}
    choice = {"mode": mode} if allowed is None else {"mode": mode, "allowedFunctionNames": allowed}
    body = asking(
        "Good morning!" if calls is None else "What is the weather in Paris?",
        tools=[{"functionDeclarations": [WEATHER, joke]}],
        toolConfig={"functionCallingConfig": choice},
    )
    (part,) = parts_of(said(http, body))
    assert part.get("functionCall", {}).get("name") == calls


def test_tools_of_google_leave_their_traces(http: httpx.Client) -> None:
    ran = said(http, asking("Answer exactly: 42", tools=[{"codeExecution": {}}]), FLASH)
    code, result, text = parts_of(ran)
    assert code["executableCode"]["language"] == "PYTHON"
    assert (result["codeExecutionResult"]["outcome"], result["codeExecutionResult"]["output"]) == ("OUTCOME_OK", "42\n")
    assert text["text"] == "42"
    assert ran["usageMetadata"]["toolUsePromptTokenCount"] > 0
    found = said(http, asking("Who is the mayor?", tools=[{"googleSearch": {}}]))["candidates"][0]["groundingMetadata"]
    assert found["webSearchQueries"] == ["Who is the mayor?"]
    assert found["groundingSupports"][0]["groundingChunkIndices"] == [0]


# Structured output ------------------------------------------------------------------------------------------------------

CITY = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}, "people": {"type": "INTEGER"}},
    "required": ["city"],
}
CITY_JSON = {"type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}}}


@pytest.mark.parametrize(
    "config",
    [
        {"responseSchema": CITY},
        {"response_schema": CITY, "response_mime_type": "application/json"},
        {"responseJsonSchema": CITY_JSON},
        {"_responseJsonSchema": CITY_JSON},
    ],
)
def test_the_text_fits_the_schema(http: httpx.Client, config: dict[str, Any]) -> None:
    config = {"responseMimeType": "application/json", **config} if "response_mime_type" not in config else config
    answer = said(http, asking("Paris has 2000000 people.", generationConfig=config))
    assert json.loads(text_of(answer)) == {"city": "Paris", "people": 2_000_000}


def test_the_sdk_reads_a_pydantic_model(sdk: genai.Client) -> None:
    class City(BaseModel):
        city: str
        people: int

    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    answer = sdk.models.generate_content(model=LITE, contents="Paris has 2000000 people.", config=config)
    assert answer.parsed == City(city="Paris", people=2_000_000)


def test_json_without_a_schema_is_json_and_an_enumeration_is_a_bare_word(http: httpx.Client) -> None:
    free = said(http, asking("Hello", generationConfig={"responseMimeType": "application/json"}))
    assert isinstance(json.loads(text_of(free)), dict)
    config = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["red", "blue"]}}
    assert text_of(said(http, asking("The sky is blue.", generationConfig=config))) == "blue"
