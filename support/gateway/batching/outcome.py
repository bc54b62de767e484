"""What became of a whole batch: every request once, in the order in which they were given, with sums, failures and a text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, get_args

from support.errors import JobFailed, TouchstoneError
from support.gateway.batching.callbacks import CallbackFailure
from support.values import BatchItem, ItemStatus, Usage

Ending = Literal["cancelled", "deadline", "budget"]
"""Why a run ended before all of its requests had."""
FINISHED: frozenset[ItemStatus] = frozenset({"succeeded", "failed", "timeout", "expired"})
STATUSES: tuple[ItemStatus, ...] = get_args(ItemStatus)


@dataclass(frozen=True, slots=True)
class ItemError:
    """A request that failed, once, however many attempts it took."""

    id: str
    kind: str
    status: int | None
    """HTTP status; None where no answer came."""
    message: str
    attempts: int


class BatchFailed(JobFailed):
    """Not everything of a batch succeeded; all that failed and all that did not are here."""

    def __init__(self, outcome: "BatchOutcome") -> None:
        super().__init__(outcome.summary())
        self.failures = outcome.errors
        self.results = outcome.succeeded
        self.unfinished = outcome.unfinished


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The items of a batch, the caller's or the provider's, and what follows from them."""

    items: tuple[BatchItem, ...] = field(repr=False)
    ending: Ending | None = None
    """None where every request had its chance."""
    reason: TouchstoneError | None = None
    """Of a run that a limit of the user's ended."""
    callback_failures: tuple[CallbackFailure, ...] = ()

    @property
    def counts(self) -> Mapping[ItemStatus, int]:
        """How many items have each status, 0 included; together they are all."""
        found = Counter(item.status for item in self.items)
        return {status: found[status] for status in STATUSES}

    @property
    def succeeded(self) -> tuple[BatchItem, ...]:
        return tuple(item for item in self.items if item.status == "succeeded")

    @property
    def unfinished(self) -> tuple[BatchItem, ...]:
        """Cancelled, or never begun."""
        return tuple(item for item in self.items if item.status not in FINISHED)

    @property
    def errors(self) -> tuple[ItemError, ...]:
        return errors_of(self.items)

    @property
    def by_kind(self) -> Mapping[str, int]:
        """How many failed in which way."""
        return dict(Counter(error.kind for error in self.errors))

    @property
    def success_rate(self) -> float:
        return success_rate(self.items)

    @property
    def cost_usd(self) -> Decimal | None:
        """The sum of the items' costs; None where one of them is not known."""
        return total_cost(self.items)

    @property
    def usage(self) -> Usage:
        """Of all items that tell one."""
        return total_usage(item.usage for item in self.items)

    def item(self, id: str) -> BatchItem:
        """The item of a request; LookupError where there is none."""
        for item in self.items:
            if item.id == id:
                return item
        raise LookupError(f"the batch has no request {id!r}")

    def raise_on_error(self) -> None:
        """Raises BatchFailed unless every request succeeded."""
        if len(self.succeeded) < len(self.items):
            raise BatchFailed(self)

    def summary(self) -> str:
        """In sentences, one a line: counts, cost, and the id of everything that failed or was left."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        states = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in self.counts.items() if count)
        yield f"{len(self.items)} requests: {states or 'none'}."
        cost = self.cost_usd
        yield f"Cost: {'not known' if cost is None else f'{cost.normalize():f} USD'}."
        if self.ending is not None:
            yield f"Ended early: {self.ending}{f' ({self.reason})' if self.reason else ''}."
        for error in self.errors:
            tries = "1 attempt" if error.attempts == 1 else f"{error.attempts} attempts"
            yield f"{error.id}: {error.kind} after {tries}: {error.message}"
        for item in self.unfinished:
            yield f"{item.id}: {item.status.replace('_', ' ')}"
        for failure in self.callback_failures:
            about = f" for {failure.item_id}" if failure.item_id is not None else ""
            yield f"{failure.callback}{about} raised {type(failure.error).__name__}: {failure.error}"


def errors_of(items: Sequence[BatchItem]) -> tuple[ItemError, ...]:
    """One for each item that failed, in their order."""
    return tuple(error_of(item, item.error) for item in items if item.error is not None)


def error_of(item: BatchItem, error: Exception) -> ItemError:
    """What an item's error says."""
    if isinstance(error, TouchstoneError):
        return ItemError(item.id, error.kind, error.status, error.message, item.attempts)
    return ItemError(item.id, type(error).__name__, None, str(error), item.attempts)


def success_rate(items: Sequence[BatchItem]) -> float:
    """Of all requests, never of attempts; 0 for none at all."""
    return sum(item.status == "succeeded" for item in items) / len(items) if items else 0.0


def total_cost(items: Sequence[BatchItem]) -> Decimal | None:
    """The sum in dollars; None where an item's cost is not known."""
    total = Decimal(0)
    for item in items:
        if item.cost_usd is None:
            return None
        total += item.cost_usd
    return total


def total_usage(usages: Iterable[Usage | None]) -> Usage:
    """Kind by kind."""
    known = [usage for usage in usages if usage is not None]
    return Usage(**{kind: sum(getattr(usage, kind) for usage in known) for kind in Usage.model_fields})


def finished_only(items: Iterable[BatchItem]) -> tuple[BatchItem, ...]:
    """Those with an answer or an error of their own."""
    return tuple(item for item in items if item.status in FINISHED)
