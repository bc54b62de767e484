"""Fine-tuning: training data and what is wrong with it, jobs, their events and checkpoints (provider-facts 8.1)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from support.values.base import Provider, Value
from support.values.chat import Message

JobStatus = Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
JOB_ENDED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
TuningMethod = Literal["supervised", "preference", "reinforcement"]
"""OpenAI calls the second one dpo."""


class TrainingExample(Value):
    """A conversation that shows what is wanted; its last message is the assistant's."""

    messages: tuple[Message, ...]
    system: str | None = None


class DataFault(Value):
    """Something wrong with training data, in one sentence."""

    line: int | None
    """From 1; None for the file as a whole."""
    code: str
    """`not_json`, `not_an_object`, `no_messages`, …: one for each kind of fault."""
    message: str


class TrainingData(Value):
    """Training data that was read through: nothing is wrong with it where `faults` is empty."""

    path: str
    method: TuningMethod
    examples: int
    size_bytes: int
    faults: tuple[DataFault, ...] = ()
    tokens: int | None = None
    """Of one pass over all examples; None where something is wrong, or nobody counted."""


class TuningEstimate(Value):
    """What training is likely to take, before anything is sent; a range where the provider chooses the epochs."""

    model: str
    tokens: int
    """Of one epoch."""
    epochs: tuple[int, int]
    """From and to; the same number twice where it was chosen."""
    cost_usd: tuple[Decimal, Decimal]
    """From and to."""


class TuningOptions(Value):
    """How to train; what is left None is the provider's to choose (`auto`)."""

    method: TuningMethod = "supervised"
    n_epochs: int | None = None
    """1 to 50."""
    batch_size: int | None = None
    """1 to 256."""
    learning_rate_multiplier: float | None = None
    """More than 0."""
    beta: float | None = None
    """Preference only: more than 0, 2 at most."""
    grader: Mapping[str, Any] | None = None
    """Reinforcement only, and needed there."""
    seed: int | None = None
    suffix: str | None = None
    """64 characters at most; it stands in the model's name."""
    metadata: Mapping[str, str] = Field(default_factory=dict)


class TuningFailure(Value):
    """Why a job failed, in the provider's words."""

    code: str
    message: str
    param: str | None


class TuningJob(Value):
    """A job of training."""

    provider: Provider
    id: str
    status: JobStatus
    model: str
    """The base model, as the provider pins it."""
    training_file: str
    validation_file: str | None
    options: TuningOptions
    """As the provider tells them; None stands for auto."""
    tuned_model: str | None
    """None before success, and where there was none."""
    trained_tokens: int | None
    """Of all epochs; None before the end."""
    result_files: tuple[str, ...]
    failure: TuningFailure | None
    organization: str
    metadata: Mapping[str, str]
    """Without the run's marker."""
    marked: str
    created_at: datetime
    finished_at: datetime | None
    estimated_finish: datetime | None
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def ended(self) -> bool:
        return self.status in JOB_ENDED


class TuningJobPage(Value):
    """One page of a list of jobs; `next_cursor` is None on the last page."""

    jobs: tuple[TuningJob, ...]
    next_cursor: str | None


class TuningEvent(Value):
    """A line of a job's log."""

    id: str
    level: Literal["info", "warn", "error"]
    kind: Literal["message", "metrics"]
    message: str
    data: Mapping[str, int | float]
    """`step`, `total_steps`, `train_loss`, … of metrics: what is a number."""
    created_at: datetime


class TuningEventPage(Value):
    """One page of a job's log, newest first as on the wire; `next_cursor` is None on the last page."""

    events: tuple[TuningEvent, ...]
    next_cursor: str | None


class TuningCheckpoint(Value):
    """A model as it was after a step; usable by its own name."""

    id: str
    model: str
    step: int
    metrics: Mapping[str, float]
    created_at: datetime
