"""What providers have retired or will retire: features and models, with the day and the successor."""

from datetime import date, timedelta
from functools import cache
from typing import Literal

from support.catalogue import Confidence, read
from support.values import Provider, Value


class Retirement(Value):
    """One announced end; `names` are a feature of the gateway's vocabulary, or a model's alias and its dated versions."""

    provider: Provider
    kind: Literal["feature", "model"]
    names: tuple[str, ...]
    announced: date | None = None
    """None where the day is not known."""
    retired_on: date
    """The first day on which it no longer works."""
    successor: str | None = None
    effect: str
    """What happens from that day on, in one sentence."""
    confidence: Confidence
    source: str

    def has_happened(self, today: date) -> bool:
        """Whether the end lies behind."""
        return today >= self.retired_on


@cache
def retirements() -> tuple[Retirement, ...]:
    """All announced ends, the earliest first."""
    entries = (Retirement.model_validate(entry) for entry in read("lifecycle.toml")["retirement"])
    return tuple(sorted(entries, key=lambda entry: entry.retired_on))


def retirement(provider: Provider, feature_or_model: str) -> Retirement | None:
    """The announced end of a feature or model, past or to come; None where none is known.

    A model is named without Gemini's `models/` in front.
    """
    bare = feature_or_model.removeprefix("models/")
    return next((entry for entry in retirements() if entry.provider is provider and bare in entry.names), None)


def retiring_within(days: int, today: date) -> list[Retirement]:
    """What still works today and ends in that many days or fewer, the earliest first."""
    last = today + timedelta(days=days)
    return [entry for entry in retirements() if today < entry.retired_on <= last]
