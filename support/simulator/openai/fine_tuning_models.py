"""Which models can be tuned by which method, and what a tuned model is called (provider-facts 8.1). No HTTP here.

A base model that was shut down can still be tuned, as it still answers: old programs and recordings name it.
Unverified: the longest example of each model, and that a suffix's unusual characters become dashes in the name.
"""

from __future__ import annotations

import re

from support.simulator import ids
from support.simulator.openai import models
from support.simulator.openai.models import Model

ORGANIZATION = "touchstone"
"""The account's short name, in tuned models' names and as their owner; its id is `org-` and this."""

_CURRENT = (
    "gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14", "gpt-4o-2024-08-06",
    "gpt-4o-mini-2024-07-18",
)  # fmt: skip
COMPLETIONS = ("babbage-002", "davinci-002")
"""These learn prompts and completions, not conversations."""
_OLDER = ("gpt-4-0613", "gpt-3.5-turbo-0125", "gpt-3.5-turbo-1106", "gpt-3.5-turbo-0613")
_METHODS = {
    "supervised": frozenset((*_CURRENT, *_OLDER, *COMPLETIONS)),
    "dpo": frozenset(_CURRENT),
    "reinforcement": frozenset(("o4-mini-2025-04-16",)),
}
METHODS = tuple(_METHODS)

_LONGEST_EXAMPLE = {"gpt-4-0613": 8_192, "gpt-3.5-turbo-0613": 4_096, "babbage-002": 16_384, "davinci-002": 16_384}
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")


def tunable(name: str) -> Model | None:
    """The model, under its dated name, that this name stands for; None where no method tunes it."""
    model = models.find(name)
    if model is None or not any(model.snapshot in tuned for tuned in _METHODS.values()):
        return None
    return models.find(model.snapshot)


def takes(model: str, method: str) -> bool:
    """Whether a model can be tuned in this way."""
    return model in _METHODS[method]


def longest_example(model: str) -> int:
    """Tokens of the longest example it learns from."""
    return _LONGEST_EXAMPLE.get(model, 16_385 if model.startswith("gpt-3.5") else 65_536)


def new_name(base: str, suffix: str | None) -> str:
    """A name for what was made of a base model: `ft:<base>:<organization>:<suffix>:<8 characters>`."""
    return f"ft:{base}:{ORGANIZATION}:{_UNFIT.sub('-', suffix or '')}:{ids.token(8, ids.BASE62)}"
