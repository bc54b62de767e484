"""How a training run goes, step by step: losses that fall, accuracies that rise, and the table of them. No HTTP here.

The figures are made up, and the same for the same seed. Names and places are those that users quote of live jobs (2024): a
validation batch every tenth step, the whole validation file at the end of an epoch. Unverified: the rewards of
reinforcement jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from random import Random
from typing import Any

VALIDATED_EVERY = 10
MOST_TOLD = 10_000
"""Of a longer run only so many steps are told, evenly."""

_COLUMNS = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
_FALL = 4.0


@dataclass(frozen=True, slots=True)
class Run:
    """The size of a training run, and what its figures depend on."""

    steps: int
    epochs: int
    batch_size: int
    method: str
    validates: bool
    first_loss: float
    last_loss: float

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self

    @property
    def interval(self) -> int:
        """Every so many steps one is told."""
        return -(-self.steps // MOST_TOLD)

    def told(self, after: int, until: int) -> list[int]:
        """The steps after one and up to another that are told; the last one of all is."""
        first = after + self.interval - after % self.interval
        steps = list(range(first, until + 1, self.interval))
        if until == self.steps and after < until and (not steps or steps[-1] != until):
            steps.append(until)
        return steps

    def ends_epoch(self, step: int) -> bool:
        return step % (self.steps // self.epochs) == 0

    def metrics(self, step: int) -> dict[str, Any]:
        """The figures of one step, by the names under which they are shown."""
        loss = self._loss(step)
        found = {"train_loss": loss, "train_mean_token_accuracy": self._accuracy(loss)}
        if self.method == "reinforcement":
            found["train_reward_mean"] = self._accuracy(1.2 * loss)
        if self.validates and (step % VALIDATED_EVERY == 0 or self.ends_epoch(step)):
            missed = 1.1 * loss + 0.01
            found |= {"valid_loss": missed, "valid_mean_token_accuracy": self._accuracy(missed)}
            if self.ends_epoch(step):
                missed = 1.2 * loss + 0.01
                found |= {"full_valid_loss": missed, "full_valid_mean_token_accuracy": self._accuracy(missed)}
        return {name: round(value, 9) for name, value in found.items()}

    def table(self) -> bytes:
        """The result file: a row for every step that is told; cells without a figure are empty."""
        rows = [_COLUMNS]
        for step in self.told(0, self.steps):
            of = self.metrics(step)
            names = ("train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy")
            cells = (f"{of[name]:.5f}" if name in of else "" for name in names)
            rows.append(f"{step},{','.join(cells)}")
        return ("\n".join(rows) + "\n").encode()

    def _loss(self, step: int) -> float:
        return self.last_loss + (self.first_loss - self.last_loss) * exp(-_FALL * step / self.steps)

    def _accuracy(self, loss: float) -> float:
        return max(0.0, 1.0 - 0.6 * loss / self.first_loss)


def new_run(examples: int, epochs: int, batch_size: int, method: str, seed: int, *, validates: bool) -> Run:
    """A run over so many examples; the last batch of an epoch may be smaller."""
    chance = Random(seed)
    steps = -(-examples // batch_size) * epochs
    return Run(steps, epochs, batch_size, method, validates, 1.5 + chance.random(), 0.02 + 0.05 * chance.random())
