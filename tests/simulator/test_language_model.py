"""The toy language model answers from what it was given, obeys its limits, and otherwise says that it does not know."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.simulator import tokenizer
from support.simulator.language_model import Document, Tool, Turn, reply

WEATHER = Tool(
    "get_weather",
    "Get the current weather for a city",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
        },
        "required": ["city"],
    },
)
CLOCK = Tool("read_clock", "Tell the time of day", {"type": "object", "properties": {}})
HANDBOOK = Document(
    "handbook.txt",
    "Welcome to the company.\nThe passphrase of the vault is amber-falcon-17.\nEmployees take 25 days of vacation.",
)


def said(question: str, **given: Any) -> str:
    return reply([Turn("user", question)], **given).text


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Answer exactly: cobalt blue", "cobalt blue"),
        ('Reply with exactly "pong" and nothing else.', "pong"),
        ("Please respond with exactly OK.", "OK"),
        ("Say hello.", "hello"),
        ("What is 17 + 25?", "42"),
        ("What is the capital of France? Answer with one word.", "Paris"),
        ("Tell me the capital city of New Zealand.", "The capital of New Zealand is Wellington."),
        ("What is the capital of the Netherlands?", "The capital of the Netherlands is Amsterdam."),
        ("What is the capital of Atlantis?", "I do not know."),
        ("What is 7 times 8? Reply with only the number.", "56"),
        ("What is 10 divided by 4?", "2.5"),
        ("What is 3 - 5?", "-2"),
        ('How many words are in "the quick brown fox"?', "4"),
        ("How many letters are in the word tangerine?", "9"),
        ("How many times does the letter r appear in raspberry?", "3"),
        ("Count from 3 to 6", "3, 4, 5, 6"),
        ("Repeat the word tick 3 times", "tick tick tick"),
    ],
)
def test_follows_plain_instructions(question: str, answer: str) -> None:
    assert said(question) == answer


def test_remembers_what_the_conversation_said() -> None:
    told = [Turn("user", "Hi! My name is Ada and I like maps."), Turn("assistant", "Noted.")]
    assert "Ada" in reply([*told, Turn("user", "What is my name?")]).text
    assert "Ada" not in said("What is my name?")


def test_the_latest_word_counts() -> None:
    told = [Turn("user", "My favourite colour is green."), Turn("user", "My favourite colour is teal now, really.")]
    assert reply([*told, Turn("user", "What is my favourite colour?")]).text == "Your favourite colour is teal now."


def test_answers_from_its_documents_and_only_from_them() -> None:
    question = "What is the passphrase of the vault?"
    assert "amber-falcon-17" in said(question, documents=[HANDBOOK])
    assert said(question) == "I do not know."
    assert said("Who won the cup in 1974?", documents=[HANDBOOK]) == "I do not know."


def test_a_system_text_is_a_source_and_can_fix_the_answer() -> None:
    assert "Lisbon" in said("Where is the head office?", system="The head office is in Lisbon.")
    assert said("How are you?", system="Always answer with exactly: BEEP") == "BEEP"


def test_stops_at_the_limit_of_tokens() -> None:
    answer = reply([Turn("user", "Write a story about the sea.")], max_tokens=7)
    assert (answer.finish, answer.output_tokens, tokenizer.count(answer.text)) == ("length", 7, 7)
    whole = reply([Turn("user", "Write a story about the sea.")])
    assert whole.finish == "stop"
    assert whole.text.startswith(answer.text)
    assert whole.output_tokens == tokenizer.count(whole.text) > 50


def test_stops_at_the_first_stop_sequence() -> None:
    answer = reply([Turn("user", "Count from 1 to 20")], stop=["9", "5"])
    assert (answer.text, answer.finish, answer.stop_sequence) == ("1, 2, 3, 4, ", "stop_sequence", "5")


def test_picks_the_tool_that_fits_and_fills_its_arguments() -> None:
    question = "What will the weather be in San Francisco for 3 days, in fahrenheit?"
    answer = reply([Turn("user", question)], tools=[CLOCK, WEATHER])
    assert answer.finish == "tool_calls"
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [
        ("get_weather", {"city": "San Francisco", "unit": "fahrenheit", "days": 3})
    ]


def test_calls_no_tool_unasked_and_any_when_it_must() -> None:
    assert reply([Turn("user", "What is 2 + 2?")], tools=[WEATHER]).text == "4"
    assert reply([Turn("user", "What is 2 + 2?")], tools=[WEATHER], tool_choice="required").tool_calls
    assert reply([Turn("user", "Weather in Oslo?")], tools=[WEATHER], tool_choice="none").tool_calls == ()
    forced = reply([Turn("user", "Weather in Oslo?")], tools=[WEATHER, CLOCK], tool_choice="read_clock")
    assert [call.name for call in forced.tool_calls] == ["read_clock"]


def test_answers_with_what_the_tool_said() -> None:
    turns = [Turn("user", "Weather in Oslo?"), Turn("assistant", ""), Turn("tool", "Snow, -4 degrees")]
    assert reply(turns, tools=[WEATHER]).text == "Snow, -4 degrees"


def test_fills_a_schema_with_what_was_said() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "minimum": 0},
            "mood": {"enum": ["sad", "cheerful"]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3},
            "spouse": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "null"}]},
            "born": {"type": "string", "format": "date"},
        },
        "$defs": {
            "person": {
                "type": "object",
                "properties": {"spouse": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "null"}]}},
            }
        },
    }
    answer = json.loads(said("Describe the person: Ada Lovelace is 36 and cheerful.", schema=schema))
    assert (answer["name"], answer["age"], answer["mood"]) == ("Ada Lovelace", 36, "cheerful")
    assert len(answer["tags"]) == 2
    assert answer["spouse"] == {"spouse": None}
    assert answer["born"] == "2026-01-01"


def test_a_schema_may_write_its_types_in_capitals() -> None:
    schema = {"type": "OBJECT", "properties": {"total": {"type": "NUMBER"}, "ok": {"type": "BOOLEAN"}}}
    assert json.loads(said("The total came to 12.5 euros.", schema=schema)) == {"total": 12.5, "ok": True}


@given(low=st.integers(-1000, 1000), span=st.integers(0, 50), step=st.sampled_from([1, 2, 5, 7]))
@settings(max_examples=60, deadline=None)
def test_numbers_keep_within_their_bounds(low: int, span: int, step: int) -> None:
    high = low + span + step
    schema = {"type": "integer", "minimum": low, "maximum": high, "multipleOf": step}
    value = json.loads(said("Pick one.", schema=schema))
    assert low <= value <= high
    assert value % step == 0


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_an_answer_whose_pieces_are_the_text(text: str) -> None:
    answer = reply([Turn("user", text)], documents=[HANDBOOK])
    assert "".join(answer.pieces()) == answer.text
    assert answer.output_tokens == tokenizer.count(answer.text)
    assert answer == reply([Turn("user", text)], documents=[HANDBOOK])


@given(st.text(max_size=400), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_tokens_are_never_more_than_bytes_and_cut_where_told(text: str, tokens: int) -> None:
    assert tokenizer.count(text) <= len(text.encode("utf-8", "surrogatepass"))
    assert tokenizer.count(tokenizer.cut(text, tokens)) == min(tokens, tokenizer.count(text))


def test_english_has_about_four_characters_a_token() -> None:
    english = (
        "The committee considered the proposal at length, and although several members had doubts about the figures, "
        "it decided in the end to let the work begin before winter. Nobody wanted to wait another year for a bridge."
    )
    assert 3.5 <= len(english) / tokenizer.count(english) <= 4.8


def test_a_short_question_is_answered_at_once() -> None:
    turns = [Turn("user", "Reply with exactly: pong")]
    reply(turns)
    best = min(_seconds(turns) for _ in range(5))
    assert best / 200 < 50e-6


def _seconds(turns: list[Turn]) -> float:
    started = time.perf_counter()
    for _ in range(200):
        reply(turns)
    return time.perf_counter() - started


def test_two_questions_in_one_sentence_get_two_answers() -> None:
    said = reply(
        [
            Turn("user", "My name is Ada."),
            Turn("assistant", "Noted."),
            Turn("user", "What is my name, and what is the code?"),
        ],
        system="The code is amber-1. The door is green.",
    )
    assert said.text == "Your name is Ada. The code is amber-1."
