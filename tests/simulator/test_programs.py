"""The programs that the toy model writes, run by the evaluator that the simulated code interpreters use."""

from __future__ import annotations

import pytest

from support.simulator import conversing, programs, python_evaluator


@pytest.mark.parametrize(
    ("question", "printed"),
    [
        ("What is 10!?", "3628800"),
        ("Calculate the factorial of 5.", "120"),
        ("What is the tenth Fibonacci number?", "55"),
        ("Show the first seven Fibonacci numbers", "[1, 1, 2, 3, 5, 8, 13]"),
        ("What is the 12th prime?", "37"),
        ("How many primes are below 100?", "25"),
        ("What is the sum of the squares from 1 to 10?", "385"),
        ("sum of the numbers 1 to 100", "5050"),
        ("What is the mean of 1, 2 and 6?", "3.0"),
        ("the median of 7, 1, 3, 5", "4.0"),
        ("the product of 2, 3 and 7", "42"),
        ("What is 2 to the power of 10?", "1024"),
        ("the square root of 81", "9.0"),
        ("What is (2 + 3) * 4?", "20"),
        ("Run this code: print(1 + 1)", "2"),
        ("Please run\n```python\nfor n in range(2):\n    print(n)\n```", "0\n1"),
        ("Evaluate `sum(range(4))`", "6"),
    ],
)
def test_a_question_becomes_a_program(question: str, printed: str) -> None:
    program = programs.written_for(question)
    assert program is not None
    assert python_evaluator.run(program).stdout.strip() == printed


@pytest.mark.parametrize(
    "question",
    ["Who are you?", "Write a poem about primes of life.", "My birthday is 2026-01-02.", "", "How many lines?"],
)
def test_other_questions_do_not(question: str) -> None:
    assert programs.written_for(question) is None


@pytest.mark.parametrize(
    ("question", "printed"),
    [("How many lines has a.txt?", "2"), ("How many rows are in b.csv?", "3"), ("How many words are in a.txt?", "4")],
)
def test_files_are_counted(question: str, printed: str) -> None:
    files = {"a.txt": b"one two\nthree four\n", "b.csv": b"h\n1\n2\n3\n"}
    program = programs.written_for(question, list(files))
    assert program is not None
    assert python_evaluator.run(program, files).stdout.strip() == printed


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        (
            "What is the weather in New York and in Paris?",
            ["What is the weather in New York?", "What is the weather in Paris?"],
        ),
        (
            "The weather for Paris, Rome and Tokyo",
            ["The weather for Paris", "The weather for Rome", "The weather for Tokyo"],
        ),
        ("Where is Ada and who is Bob?", ["Where is Ada?", "who is Bob?"]),
        ("What is bread and butter?", ["What is bread and butter?"]),
    ],
)
def test_a_question_about_several_things_falls_into_parts(asked: str, parts: list[str]) -> None:
    assert conversing.questions(asked) == parts


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("Now double that.", "690"), ("Halve it", "172.5"), ("Add 5 to that.", "350"), ("Divide that by 5", "69")],
)
def test_the_model_goes_on_from_its_last_number(asked: str, answer: str) -> None:
    earlier = [("user", "What is 15 * 23?"), ("assistant", "345")]
    assert conversing.answer(asked, earlier, "", []) == answer
    assert conversing.answer(asked, [], "", []) != answer
