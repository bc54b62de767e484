"""What a tuned model learned, and the models that an account has made. No HTTP here.

A tuned model answers a question like its nearest training example, by the words they share; what is near none of them it
answers like its base. It is no measure of what tuning a real model does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Any

from support.simulator import reading
from support.simulator.openai import models
from support.simulator.openai.fine_tuning_models import ORGANIZATION
from support.simulator.openai.models import Model

NEAR = 0.5
"""The least likeness, from 0 to 1, of a question to an example's that is answered in the example's words."""


class Style:
    """Questions with the answers that were trained. Never changes, so copies of a state share it."""

    __slots__ = ("_answers", "_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        self._answers: dict[str, str] = {}
        for question, answer in self._pairs:
            self._answers.setdefault(_plain(question), answer)
        self._index: _Index | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Style:
        return self

    def answer(self, question: str) -> str | None:
        """The answer to the nearest question; None when none is near. Among equals the first wins."""
        exact = self._answers.get(_plain(question))
        if exact is not None:
            return exact
        if self._index is None:  # most models are made and deleted without a question
            self._index = _Index([asked for asked, _ in self._pairs])
        nearest = self._index.nearest(question)
        return None if nearest is None else self._pairs[nearest][1]

    def with_more(self, newer: Iterable[tuple[str, str]]) -> Style:
        """What a model knows that was tuned again: what it learned last comes first."""
        return Style((*newer, *self._pairs))


class _Index:
    """Questions by their words. A word counts the more the rarer it is."""

    def __init__(self, questions: list[str]) -> None:
        self._words = [reading.content_words(question) for question in questions]
        times = Counter(word for words in self._words for word in words)
        self._weights = {word: log(1 + len(questions) / number) for word, number in times.items()}
        self._unknown = log(1 + len(questions))
        self._places: dict[str, list[int]] = {}
        for place, words in enumerate(self._words):
            for word in words:
                self._places.setdefault(word, []).append(place)
        self._sizes = [self._weight(words) for words in self._words]

    def nearest(self, question: str) -> int | None:
        asked = reading.content_words(question)
        shared: dict[int, float] = {}
        for word in sorted(asked):
            weight = self._weights.get(word, 0.0)
            for place in self._places.get(word, ()):
                shared[place] = shared.get(place, 0.0) + weight
        size = self._weight(asked)
        best, found = NEAR, None
        for place in sorted(shared):
            likeness = shared[place] / sqrt(size * self._sizes[place])
            if likeness > best or (found is None and likeness == best):
                best, found = likeness, place
        return found

    def _weight(self, words: frozenset[str]) -> float:
        return sum(self._weights.get(word, self._unknown) for word in words)


def _plain(text: str) -> str:
    """A question without what does not matter: case, spaces, marks at its end."""
    return " ".join(text.casefold().split()).rstrip(" ?!.")


@dataclass(slots=True)
class TunedModel:
    """One model of the account's own: the end of a job, or one of its checkpoints. `created` in Unix seconds."""

    id: str
    base: str
    """The dated name of what was tuned."""
    created: int
    style: Style
    is_checkpoint: bool = False

    def described(self) -> Model:
        """It can what its base can."""
        base = models.catalogue()[self.base]
        return replace(base, id=self.id, snapshot=self.id, created=self.created, owned_by=ORGANIZATION, listed=True)
