"""What the toy model says: instructions, counting, arithmetic, memory, documents, general knowledge, in this order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation

from support.simulator import general_knowledge, reading

UNKNOWN = "I do not know."

Earlier = Sequence[tuple[str, str]]

_EXACTLY = re.compile(
    r"\b(?:answer|reply|respond|say|output|write|print|return)\b(?: back)?(?: with)? (?P<how>exactly|only|just|nothing but)"
    r"(?: with)?(?: (?:the|this|these|following|words?|text|sentence|phrase|string|line))*(?P<mark>\s*:\s*|\s+)(?P<rest>\S.*)",
    re.IGNORECASE,
)
_SAY = re.compile(r"^\s*(?:please )?(?:say|repeat)(?: after me)?(?: the words?)?\s*:?\s+(?P<rest>\S.*)", re.IGNORECASE)
_NOT_LITERAL = re.compile(
    r"(?:(?:one|two|three|four|five|an?|\d+) (?:\w+ )?(?:words?|sentences?|letters?|lines?|numbers?|digits?|paragraphs?)\b"
    r"|as\b|what\b|how\b|like\b|in\b|if\b|when\b|that\b)",
    re.IGNORECASE,
)
_NOTHING_ELSE = re.compile(r",? and (?:say )?(?:nothing (?:else|more)|no other \w+)\.?\s*$", re.IGNORECASE)
_QUOTE = re.compile(r"[\"“](.+?)[\"”]|'(.+?)'(?!\w)|`(.+?)`")

_NUMBER = r"-?\d{1,14}(?:\.\d{1,10})?"
_SUM = re.compile(
    rf"(?<![\w.-])({_NUMBER})\s*(\+|\*|×|÷| x | - | − | / |\bplus\b|\bminus\b|\btimes\b|\bmultiplied by\b|\bdivided by\b)"
    rf"\s*({_NUMBER})(?![\w-])",
    re.IGNORECASE,
)
_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    **dict.fromkeys(("+", "plus"), lambda a, b: a + b),
    **dict.fromkeys(("-", "−", "minus"), lambda a, b: a - b),
    **dict.fromkeys(("*", "×", "x", "times", "multiplied by"), lambda a, b: a * b),
    **dict.fromkeys(("/", "÷", "divided by"), lambda a, b: a / b),
}

# How far into a text a quotation is looked for: unpaired quotation marks would make the search slow.
_NEAR = 5_000
_HOW_MANY = re.compile(
    r"\bhow many (?:times does the letter (?P<letter>\w) |(?P<letter2>\w)['’]s\b|"
    r"(?P<what>words?|letters?|characters?|lines?|sentences?|messages?|questions?)\b)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_COUNT_UP = re.compile(r"\bcount (?:up )?from (\d{1,6}) to (\d{1,6})\b", re.IGNORECASE)
_TIMES = re.compile(
    r"\b(?:repeat|write|say) (?:the word )?(?P<what>.{1,200}?) (?P<times>\d{1,4}) times\b", re.IGNORECASE
)
_MY = re.compile(
    r"\b(?:what(?:'s|’s| is| was| are)|which is|(?:know|remember|recall|tell me|repeat)) my (?P<what>[\w' -]{1,60}?)\s*[?.!]*\s*$",
    re.IGNORECASE,
)
_WHO_AM_I = re.compile(r"\b(?:who am i|what am i called|how am i called)\b", re.IGNORECASE)
_LAST_ANSWER = re.compile(
    r"\b(?:your (?:last|previous) (?:answer|reply|message)|did you (?:just )?say)\b", re.IGNORECASE
)
_SUMMARY = re.compile(r"\bsummari[sz]e\b|\bsummary\b", re.IGNORECASE)
_PROSE = re.compile(
    r"^\s*(?:please |can you |could you )*(?:write|compose|tell|describe|explain|talk|give)\b.*?"
    r"(?:\b(?:about|of|on|describing)\s+(?P<topic>[^.?!\n]+)|$)",
    re.IGNORECASE,
)
_SO_MANY_WORDS = re.compile(r"\b(\d{1,5})[- ]words?\b", re.IGNORECASE)
# Two questions in one sentence are answered one after the other.
_ALSO = re.compile(r",?\s+and\s+(?=(?:what|who|whose|where|when|which|how|why)\b)", re.IGNORECASE)
# A question about several things that have names is one question about each.
_NAME = r"(?:[A-Z][\w'’.-]*(?:[ ][A-Z][\w'’.-]*){0,4}|\"[^\"\n]{1,80}\")"
_PREPOSITION = r"(?:in|for|of|at|to|on|from|about|between)"
_SEVERAL = re.compile(
    rf"^(?P<head>.{{1,400}}?\b{_PREPOSITION}\s+)(?:both\s+)?(?P<names>{_NAME}(?:,\s*(?:{_PREPOSITION}\s+)?{_NAME}){{0,8}},?\s+and\s+"
    rf"(?:{_PREPOSITION}\s+)?{_NAME})(?P<tail>[^\w]*)$",
    re.DOTALL,
)
_NEXT_NAME = re.compile(rf"(?:,\s*(?:and\s+)?|\s+and\s+)(?:{_PREPOSITION}\s+)?(?=[A-Z\"])")
_THAT = r"(?:that|it|this|the (?:last |previous )?(?:result|answer|number))"
_TURNED = re.compile(rf"\b(?P<how>double|triple|halve|half of)\s+{_THAT}\b", re.IGNORECASE)
_GONE_ON = re.compile(
    rf"\b(?:add\s+(?P<plus>{_NUMBER})\s+to\s+{_THAT}|subtract\s+(?P<minus>{_NUMBER})\s+from\s+{_THAT}|"
    rf"multiply\s+{_THAT}\s+by\s+(?P<times>{_NUMBER})|divide\s+{_THAT}\s+by\s+(?P<over>{_NUMBER}))",
    re.IGNORECASE,
)
_ANY_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}(?!\w)")
_GREETING = re.compile(r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening)|greetings)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\?|^\s*(?:what|who|where|when|why|which|how|is|are|do|does|did|can|name|find|quote|look|read|extract|translate|classify)\b",
    re.IGNORECASE,
)


def answer(asked: str, earlier: Earlier, system: str, documents: Sequence[str]) -> str:
    """The answer to what the user said last, from the conversation, the system text and the documents alone."""
    for attempt in (_instructed, _counted, _calculated):
        if (text := attempt(asked, earlier, documents)) is not None:
            return text
    if (text := _literal(system, strict=True)) is not None:
        return text
    question = _question_of(asked)
    parts = _ALSO.split(question)
    if len(parts) > 1:
        before = asked.replace(question, " ")
        return " ".join(answer(f"{before}{part.rstrip('?')}?".strip(), earlier, system, documents) for part in parts)
    if (text := _remembered(question, earlier)) is not None:
        return text
    rest = asked.replace(question, " ") if question != asked else ""
    said = [text for role, text in reversed(earlier) if role != "assistant"]
    answered = [text for role, text in reversed(earlier) if role == "assistant"]
    if _SUMMARY.search(question):
        return " ".join(sentence for text in (*documents, rest) for sentence in reading.sentences(text)[:2]) or UNKNOWN
    found = reading.best_sentence(question, [*documents, rest, *said, system])
    if found is None and answered:
        found = reading.best_sentence(question, answered)
    if found is not None and (_ASKS.search(question) or documents):
        return found
    if (text := general_knowledge.known(asked)) is not None:
        return text
    return _small_talk(asked, question)


def questions(asked: str) -> list[str]:
    """What is asked, thing by thing: "the weather in Rome and in Paris" is asked of Rome and of Paris."""
    found = _SEVERAL.match(asked)
    if found is not None:
        return [f"{found['head']}{name}{found['tail']}" for name in _NEXT_NAME.split(found["names"])]
    parts = _ALSO.split(asked)
    return [f"{part.rstrip(' ?.')}?" for part in parts] if len(parts) > 1 else [asked]


def is_told(asked: str) -> bool:
    """Whether the user says word for word what to answer."""
    return _instructed(asked, (), ()) is not None


def needs_no_source(asked: str, earlier: Earlier, system: str) -> bool:
    """Whether the conversation alone tells what to answer, so that nobody would look anything up."""
    if any(attempt(asked, earlier, ()) is not None for attempt in (_instructed, _counted, _calculated)):
        return True
    if _literal(system, strict=True) is not None or _remembered(_question_of(asked), earlier) is not None:
        return True
    return _GREETING.search(asked) is not None and _ASKS.search(asked) is None


def spaced(name: str) -> str:
    """A tool's name as words: get_weather, getWeather → get weather."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_.-]", " ", name)


def _question_of(asked: str) -> str:
    """The last sentence that asks, else the last one."""
    if len(asked) < 80 and "\n" not in asked and asked.count(".") + asked.count("?") < 2:
        return asked
    parts = reading.sentences(asked)
    return next((part for part in reversed(parts) if part.endswith("?")), parts[-1] if parts else asked)


def _instructed(asked: str, earlier: Earlier, documents: Sequence[str]) -> str | None:
    del documents
    lowered = asked.lower()  # looking for a word first spares most questions the searches
    if " times" in lowered and (found := _TIMES.search(asked)) is not None:
        return " ".join([_unquoted(found["what"])] * int(found["times"]))
    if "count " in lowered and (found := _COUNT_UP.search(asked)) is not None:
        first, last = int(found[1]), int(found[2])
        return ", ".join(str(number) for number in range(first, last + 1)[:10_000])
    if "you" in lowered and _LAST_ANSWER.search(asked):
        return next((text for role, text in reversed(earlier) if role == "assistant"), UNKNOWN)
    if (text := _literal(asked, strict=False)) is not None:
        return text
    found = _SAY.search(asked)
    return None if found is None else _unquoted(_NOTHING_ELSE.sub("", found["rest"]), full_stop=True)


def _literal(instruction: str, *, strict: bool) -> str | None:
    """What "answer exactly: X" tells to say; `strict` takes "exactly" alone, not "only" or "just"."""
    for found in _EXACTLY.finditer(instruction):
        rest = found["rest"]
        if " and " in rest:
            rest = _NOTHING_ELSE.sub("", rest)
        marked = ":" in found["mark"] or rest[:1] in ('"', "“", "'", "`")
        if found["how"].lower() != "exactly" and (strict or not marked):
            continue
        if marked or not _NOT_LITERAL.match(rest):
            return _unquoted(rest, full_stop=":" not in found["mark"])
    return None


def _unquoted(text: str, *, full_stop: bool = False) -> str:
    """The text inside the quotation marks it begins with, else all of it (without a closing full stop, if so asked)."""
    text = text.strip()
    if text and text[0] in "\"“'`" and (found := _QUOTE.match(text)):
        return found[1] or found[2] or found[3]
    return text.removesuffix(".") if full_stop else text


def _counted(asked: str, earlier: Earlier, documents: Sequence[str]) -> str | None:
    found = _HOW_MANY.search(asked)
    if found is None:
        return None
    rest = found["rest"]
    if (what := (found["what"] or "").lower().rstrip("s")) in ("message", "question"):
        return str(1 + sum(role == "user" for role, _ in earlier))
    target = _target(rest, documents)
    if target is None:
        return None
    letter = found["letter"] or found["letter2"]
    if letter:
        return str(target.lower().count(letter.lower()))
    counts = {
        "word": lambda: len(target.split()),
        "letter": lambda: sum(character.isalpha() for character in target),
        "character": lambda: len(target),
        "line": lambda: len(target.splitlines()),
        "sentence": lambda: len(reading.sentences(target)),
    }
    return str(counts[what]())


def _target(rest: str, documents: Sequence[str]) -> str | None:
    """What is to be counted: a quotation, what follows a colon, a document, or the last word of the question."""
    if quoted := _QUOTE.search(rest[:_NEAR]):
        return next(part for part in quoted.groups() if part)
    _, colon, after = rest.partition(":")
    if colon and after.strip():
        return after.strip()
    if documents:
        return "\n".join(documents)
    named = re.search(r"\b(?:in|of|appear in)(?: the)?(?: word)? (\w+)\s*[?.!]*\s*$", rest, re.IGNORECASE)
    return named[1] if named else None


def _calculated(asked: str, earlier: Earlier, documents: Sequence[str]) -> str | None:
    del documents
    found = _SUM.search(asked)
    if found is None:
        return _calculated_on(asked, earlier)
    return _result(found[2].strip().lower(), found[1], found[3])


def _calculated_on(asked: str, earlier: Earlier) -> str | None:
    """From the number that was answered last: "double that"."""
    if not earlier:
        return None
    asked = asked[-_NEAR:]
    turned = _TURNED.search(asked)
    gone_on = None if turned else _GONE_ON.search(asked)
    if turned is None and gone_on is None:
        return None
    last = next((text for role, text in reversed(earlier) if role == "assistant" and _ANY_NUMBER.search(text)), None)
    if last is None:
        return None
    number = _ANY_NUMBER.findall(last)[-1]
    if turned is not None:
        operation, by = {"double": ("*", "2"), "triple": ("*", "3")}.get(turned["how"].lower(), ("/", "2"))
        return _result(operation, number, by)
    assert gone_on is not None
    name, by = next((name, by) for name, by in gone_on.groupdict().items() if by is not None)
    return _result({"plus": "+", "minus": "-", "times": "*", "over": "/"}[name], number, by)


def _result(operation: str, left: str, right: str) -> str:
    try:
        result = _OPERATIONS[operation](Decimal(left), Decimal(right))
    except (DivisionByZero, InvalidOperation):
        return "That cannot be calculated."
    return str(int(result)) if result == result.to_integral_value() else f"{result.normalize():f}"


def _remembered(question: str, earlier: Earlier) -> str | None:
    """What the user said of themselves: "my name is Ada"."""
    found = _MY.search(question)
    what = found["what"].lower() if found else "name" if _WHO_AM_I.search(question) else None
    if what is None:
        return None
    stated = rf"\bmy {re.escape(what)}(?:'s| is| was| are)(?: now| called)? ([^.,;!?\n]+)"
    if what == "name":
        stated += r"|\b(?:call me|i am called|i'm called) ([^.,;!?\n]+)"
    for role, text in reversed(earlier):
        if role == "user" and (told := list(re.finditer(stated, text, re.IGNORECASE))):
            value = next(part for part in told[-1].groups() if part)
            return f"Your {what} is {value.strip()}."
    return None


def _small_talk(asked: str, question: str) -> str:
    if (prose := _PROSE.search(asked)) is not None:
        size = _SO_MANY_WORDS.search(asked)
        return _prose((prose["topic"] or "this").strip(), int(size[1]) if size else 120)
    if _GREETING.search(asked):
        return "Hello! How can I help you?"
    return UNKNOWN if _ASKS.search(question) else "Noted."


def _prose(topic: str, size: int) -> str:
    """So many words about nothing in particular."""
    lines = (
        f"There is much to say about {topic}.",
        "It begins small, as most things do, and it grows while nobody looks.",
        "Some praise it in the morning and forget it by the evening.",
        "Others keep it close for years and never say why.",
        "Whoever asks for more of it will be given more of it.",
        "In the end it stays what it was, only better known.",
    )
    words: list[str] = []
    while len(words) < size:
        for line in lines:
            words.extend(line.split())
    return " ".join(words[:size])
