"""Filters of documents by their metadata: the language of AIP-160, as far as it has a meaning here (provider-facts 5.2).

`category = "programming" AND (year >= 2020 OR NOT draft:*)`. OR binds tighter than AND, two restrictions side by side are
joined by AND, and a minus is a NOT, as AIP-160 says. Unverified for this API: that a comparison of unlike types, of an order
with a text, and any with a key that is absent, finds nothing; and that `=` on a list asks for one of its texts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

Value: TypeAlias = "str | float | tuple[str, ...]"
Matches: TypeAlias = Callable[[Mapping[str, Value]], bool]

DEEPEST = 50
"""How deep parentheses may be nested."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark><=|>=|!=|[()<>=:])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>[^\s()<>=!:"',]+))""",
    re.DOTALL,
)
_COMPARATORS = frozenset({"=", "!=", "<", "<=", ">", ">=", ":"})
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Malformed(ValueError):
    """No filter of that language; the text says why."""


class _Token(NamedTuple):
    kind: str
    """mark, text (was in quotation marks) or word."""
    text: str

    def is_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.text == mark

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text == word


def parse(text: str) -> Matches:
    """What a filter asks of a document's metadata; an empty one asks nothing. Raises Malformed."""
    tokens = _tokens(text)
    if not tokens:
        return lambda held: True
    parser = _Parser(tokens)
    matches = parser.expression()
    if parser.next() is not None:
        raise Malformed("unbalanced parentheses")
    return matches


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise Malformed(f"unexpected character at position {position}")
        position = token.end()
        kind = token.lastgroup or ""
        if kind in ("double", "single"):
            found.append(_Token("text", re.sub(r"\\(.)", r"\1", token[kind], flags=re.DOTALL)))
        else:
            found.append(_Token(kind, token[kind]))
    return found


class _Parser:
    """Recursive descent over AIP-160's grammar: expression, sequence, factor, term."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, what: str) -> _Token:
        token = self.next()
        if token is None:
            raise Malformed(f"expected {what} at the end")
        self._at += 1
        return token

    def expression(self) -> Matches:
        """Factors joined by AND, said or unsaid."""
        parts = [self._factor()]
        while (token := self.next()) is not None and not token.is_mark(")"):
            if token.is_word("AND"):
                self._at += 1
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else lambda held: all(part(held) for part in parts)

    def _factor(self) -> Matches:
        """Terms joined by OR."""
        parts = [self._term()]
        while (token := self.next()) is not None and token.is_word("OR"):
            self._at += 1
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda held: any(part(held) for part in parts)

    def _term(self) -> Matches:
        token = self._take("a restriction")
        if token.kind == "word" and token.text in ("NOT", "-"):
            inner = self._simple(self._take("a restriction"))
            return lambda held: not inner(held)
        if token.kind == "word" and token.text.startswith("-"):
            inner = self._simple(token._replace(text=token.text[1:]))
            return lambda held: not inner(held)
        return self._simple(token)

    def _simple(self, token: _Token) -> Matches:
        if token.is_mark("("):
            self._depth += 1
            if self._depth > DEEPEST:
                raise Malformed(f"more than {DEEPEST} nested parentheses")
            matches = self.expression()
            if not self._take("a closing parenthesis").is_mark(")"):
                raise Malformed("expected a closing parenthesis")
            self._depth -= 1
            return matches
        if token.kind == "mark" or token.text in ("AND", "OR", "NOT"):
            raise Malformed(f"expected a key instead of {token.text!r}")
        comparator = self._take(f"a comparator after {token.text!r}")
        if comparator.kind != "mark" or comparator.text not in _COMPARATORS:
            raise Malformed(f"expected a comparator after {token.text!r} instead of {comparator.text!r}")
        value = self._take(f"a value after {comparator.text!r}")
        if value.kind == "mark":
            raise Malformed(f"expected a value after {comparator.text!r} instead of {value.text!r}")
        return _restriction(token.text, comparator.text, value)


def _restriction(key: str, comparator: str, value: _Token) -> Matches:
    number = _number(value)
    wanted: str | float = value.text if number is None else number
    if comparator == ":":
        if value.is_word("*"):
            return lambda held: key in held
        return lambda held: _equal(held.get(key), wanted)
    if comparator == "=":
        return lambda held: _equal(held.get(key), wanted)
    if comparator == "!=":
        return lambda held: key in held and not _equal(held[key], wanted)
    if number is None:
        return lambda held: False
    return lambda held: _in_order(held.get(key), comparator, number)


def _in_order(held: Value | None, comparator: str, limit: float) -> bool:
    return isinstance(held, float) and _ORDERS[comparator](held, limit)


def _equal(held: Value | None, wanted: str | float) -> bool:
    return wanted in held if isinstance(held, tuple) else held == wanted


def _number(value: _Token) -> float | None:
    """The number that a bare word is."""
    if value.kind != "word" or not re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", value.text):
        return None
    return float(value.text)
