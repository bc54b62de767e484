"""The program that the toy model writes for a question, where it has an interpreter: Python of a few lines.

It writes what calculates (sums, factorials, Fibonacci numbers, primes, powers, means), what counts in a file, and what the user
wrote out. For anything else it writes none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_QUOTED = re.compile(r"\b(?:run|execute|evaluate|calculate|compute)\b[^`\n]{0,80}`([^`\n]+)`", re.IGNORECASE)
_WRITTEN = re.compile(
    r"\b(?:run|execute)\b(?: (?:this|the(?: following)?|my))?(?: python)?(?: (?:code|program|script|snippet))?\s*:\s*(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_FACTORIAL = re.compile(
    r"(?<![\w.])(\d{1,4})\s*!(?!=)|\bfactorial of (\d{1,4})\b|\b(\d{1,4}) factorial\b", re.IGNORECASE
)
_FIBONACCI = re.compile(r"\b(?:(\d{1,4})(?:st|nd|rd|th)|([a-z]+)) fibonacci\b", re.IGNORECASE)
_FIRST_FIBONACCI = re.compile(r"\bfirst (\w+) fibonacci\b", re.IGNORECASE)
_NTH_PRIME = re.compile(r"\b(?:(\d{1,4})(?:st|nd|rd|th)|([a-z]+)) prime\b", re.IGNORECASE)
_PRIMES_BELOW = re.compile(
    r"\bprimes? (?:numbers? )?(?:are |lie )?(?:below|under|less than|up to) (\d{1,5})\b", re.IGNORECASE
)
_SUM_TO = re.compile(
    r"\bsum of (?:the |all )?(?P<what>squares|cubes|integers|numbers|whole numbers)?(?: of)?(?: the numbers)? ?(?:from )?"
    r"(?P<low>\d{1,6}) (?:to|through) (?P<high>\d{1,6})\b",
    re.IGNORECASE,
)
_OVER_MANY = re.compile(
    r"\b(?P<what>sum|total|mean|average|median|product|maximum|largest|minimum|smallest|standard deviation)\b[^:\d]{0,60}:?\s*"
    r"(?P<numbers>-?\d[\d.]*(?:\s*(?:,|;|and|, and)\s*-?\d[\d.]*)+)",
    re.IGNORECASE,
)
_ROOT = re.compile(r"\bsquare root of (\d[\d.]*)", re.IGNORECASE)
_POWER = re.compile(r"\b(\d[\d.]*) (?:to the power(?: of)?|raised to(?: the power of)?) (\d{1,4})\b", re.IGNORECASE)
_EXPRESSION = re.compile(
    r"(?<![\w.])[-(]{0,9}\d[\d.]{0,20}(?:\s{0,3}(?:\*\*|//|[-+*/%^×÷])\s{0,3}[-(]{0,9}\d[\d.]{0,20}\){0,9})+"
)
_LEADING_ZERO = re.compile(r"(?<![\d.])0\d")  # a date, a telephone number
_IN_FILE = re.compile(r"\b(?P<what>lines|rows|words|characters|bytes)\b", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LONGEST = 20_000
"""Characters of a question that are looked at."""

_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "fortieth": 40,
    "fiftieth": 50, "hundredth": 100,
}  # fmt: skip
_CARDINALS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
}  # fmt: skip

_PRIMES = """def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))
"""
_STATISTICS = {
    "sum": "sum(numbers)",
    "total": "sum(numbers)",
    "mean": "sum(numbers) / len(numbers)",
    "average": "sum(numbers) / len(numbers)",
    "median": "(sorted(numbers)[(len(numbers) - 1) // 2] + sorted(numbers)[len(numbers) // 2]) / 2",
    "maximum": "max(numbers)",
    "largest": "max(numbers)",
    "minimum": "min(numbers)",
    "smallest": "min(numbers)",
    "standard deviation": "(sum((n - sum(numbers) / len(numbers)) ** 2 for n in numbers) / len(numbers)) ** 0.5",
}


def written_for(question: str, files: Sequence[str] = ()) -> str | None:
    """The program, or None where there is nothing to calculate. `files`: what lies in the interpreter's folder."""
    question = question[:_LONGEST]
    for attempt in (_given, _of_sequences, _of_many, _of_numbers):
        if (program := attempt(question)) is not None:
            return program
    return _of_files(question, files)


def _given(question: str) -> str | None:
    """What the user wrote out."""
    for pattern in (_FENCED, _QUOTED, _WRITTEN):
        if found := pattern.search(question):
            return found[1].strip()
    return None


def _of_sequences(question: str) -> str | None:
    if found := _FACTORIAL.search(question):
        number = next(part for part in found.groups() if part)
        return f"import math\n\nprint(math.factorial({number}))"
    if (found := _FIRST_FIBONACCI.search(question)) and (count := _count(found[1])):
        return f"numbers = [1, 1]\nwhile len(numbers) < {count}:\n    numbers.append(numbers[-1] + numbers[-2])\nprint(numbers[:{count}])"
    if (found := _FIBONACCI.search(question)) and (place := _place(found)):
        return f"a, b = 0, 1\nfor _ in range({place}):\n    a, b = b, a + b\nprint(a)"
    if (found := _NTH_PRIME.search(question)) and (place := _place(found)):
        return f"{_PRIMES}\nfound, n = 0, 1\nwhile found < {place}:\n    n += 1\n    if is_prime(n):\n        found += 1\nprint(n)"
    if found := _PRIMES_BELOW.search(question):
        counted = "len(primes)" if re.search(r"\bhow many\b", question, re.IGNORECASE) else "primes"
        return f"{_PRIMES}\nprimes = [n for n in range({found[1]}) if is_prime(n)]\nprint({counted})"
    return None


def _place(found: re.Match[str]) -> int | None:
    return int(found[1]) if found[1] else _ORDINALS.get(found[2].lower())


def _count(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 5 else _CARDINALS.get(word.lower())


def _of_many(question: str) -> str | None:
    if found := _SUM_TO.search(question):
        power = {"squares": " ** 2", "cubes": " ** 3"}.get((found["what"] or "").lower(), "")
        return f"print(sum(n{power} for n in range({int(found['low'])}, {int(found['high'])} + 1)))"
    if found := _OVER_MANY.search(question):
        numbers = ", ".join(_NUMBER.findall(found["numbers"]))
        what = found["what"].lower()
        if what == "product":
            return f"product = 1\nfor n in [{numbers}]:\n    product *= n\nprint(product)"
        return f"numbers = [{numbers}]\nprint({_STATISTICS[what]})"
    return None


def _of_numbers(question: str) -> str | None:
    if found := _ROOT.search(question):
        return f"import math\n\nprint(math.sqrt({found[1].rstrip('.')}))"
    if found := _POWER.search(question):
        return f"print({found[1].rstrip('.')} ** {found[2]})"
    if found := _EXPRESSION.search(question):
        expression = found[0].rstrip(".").replace("^", "**").replace("×", "*").replace("÷", "/")
        if expression.count("(") == expression.count(")") and not _LEADING_ZERO.search(expression):
            return f"print({expression})"
    return None


_FILE_COUNTS: dict[str, Callable[[str], str]] = {
    "lines": lambda name: f"with open({name!r}) as file:\n    print(len(file.read().splitlines()))",
    "rows": lambda name: f"with open({name!r}) as file:\n    print(len(file.read().splitlines()) - 1)",
    "words": lambda name: f"with open({name!r}) as file:\n    print(len(file.read().split()))",
    "characters": lambda name: f"with open({name!r}) as file:\n    print(len(file.read()))",
    "bytes": lambda name: f"with open({name!r}, 'rb') as file:\n    print(len(file.read()))",
}


def _of_files(question: str, files: Sequence[str]) -> str | None:
    """Counting in the file that is named, or in the only one."""
    named = [name for name in files if name in question] or list(files[:1] if len(files) == 1 else ())
    found = _IN_FILE.search(question)
    return _FILE_COUNTS[found["what"].lower()](named[0]) if named and found else None
