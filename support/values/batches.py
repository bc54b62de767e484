"""Many questions at once: asked by the caller one after the other or together, or handed to the provider as a batch.

Both give the same record for each request; what a provider does not tell is None, never guessed.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import ConfigDict, Field

from support.values.base import Provider, Usage, Value
from support.values.chat import ChatAnswer, Message

BatchStatus = Literal[
    "validating", "in_progress", "finalizing", "cancelling", "completed", "failed", "cancelled", "expired"
]
"""In one vocabulary: Anthropic's `ended` is `cancelled` where a cancellation began it, `expired` where all that is left
expired, else `completed`; Gemini's pending is `validating`, running `in_progress`."""
BATCH_ENDED: frozenset[str] = frozenset({"completed", "failed", "cancelled", "expired"})
ItemStatus = Literal["succeeded", "failed", "cancelled", "expired", "timeout", "not_started"]


class BatchRequest(Value):
    """One question of many, under an id of the caller's."""

    id: str
    """Unique in its batch; 64 characters at most (provider-facts 7)."""
    messages: tuple[Message, ...] = ()
    text: str | None = None
    """What is to become a vector, in a batch of those; then there are no messages."""
    system: str | None = None
    model: str
    max_output_tokens: int = 256
    """Sent as it is, so that a wrong one is the provider's to refuse."""


class BatchCounts(Value):
    """How many requests of a batch are in which state; None where the provider does not tell it yet, or at all."""

    total: int | None = None
    processing: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    expired: int | None = None


class BatchFault(Value):
    """Something wrong with a batch as a whole, or with a line of its input."""

    code: str
    message: str
    line: int | None = None
    """Of the input, from 1."""


class ProviderBatch(Value):
    """A batch that the provider works on (provider-facts 7)."""

    provider: Provider
    id: str
    status: BatchStatus
    counts: BatchCounts
    endpoint: Literal["chat", "responses", "embeddings"]
    model: str | None
    """None where the provider does not tell it."""
    marked: str
    """Where the provider keeps the run's marker; empty where it keeps none (Anthropic)."""
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    faults: tuple[BatchFault, ...] = ()
    usage: Usage | None = None
    """Of all its requests, as the provider sums it up (OpenAI)."""
    created_at: datetime
    ended_at: datetime | None = None
    cancelling_at: datetime | None = None
    expires_at: datetime | None = None
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def ended(self) -> bool:
        return self.status in BATCH_ENDED


class ProviderBatchPage(Value):
    """One page of a list of batches; `next_cursor` is None on the last page."""

    batches: tuple[ProviderBatch, ...]
    next_cursor: str | None


class BatchItem(Value):
    """What became of one request: an answer, or an error, or neither where it was never begun."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str
    status: ItemStatus
    answer: ChatAnswer | None = None
    vector: tuple[float, ...] | None = None
    error: Exception | None = None
    """A TouchstoneError: its kind says what it was."""
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    """Zero for what failed or was never begun; None where no price is known."""
    attempts: int = 1
    """Requests sent for it, resubmissions included; 0 for what was never begun."""
    kind: Literal["caller", "provider"]
    """Who ran the batch."""


class BatchProgress(Value):
    """How far a batch is; a number is there only where the provider, or the caller's own counting, gives it."""

    status: BatchStatus
    done: int | None
    total: int | None

    @property
    def fraction(self) -> float | None:
        """0 to 1; 1 only with a terminal state; None where nobody can know."""
        if self.done is None or not self.total:
            return None
        if self.status in BATCH_ENDED:
            return 1.0
        return min(self.done / self.total, 0.99)
