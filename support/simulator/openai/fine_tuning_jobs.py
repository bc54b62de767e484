"""One fine-tuning job and how it goes with the clock (provider-facts 8.1; recordings: fine-tuning). No HTTP here.

A job is brought up to a moment when somebody looks: what happened until then is written down once. The words of events are
the provider's own, as recorded or as its users quote them; those about cancelling, pausing and resuming are unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.simulator import ids
from support.simulator.openai import fine_tuning_auto as auto
from support.simulator.openai import fine_tuning_data as data
from support.simulator.openai import fine_tuning_metrics as metrics
from support.simulator.openai.files import StoredFile
from support.simulator.openai.fine_tuning_metrics import Run
from support.simulator.openai.fine_tuning_options import Options

USUAL = {"fine_tuning.validating": 30.0, "fine_tuning.queued": 60.0, "fine_tuning.epoch": 50.0}
"""Seconds of each part, by the name under which a tenant can set its own. So a job on 10 examples, which are gone through
ten times unless somebody says otherwise, is queued after 30 s, runs after 90 s and has ended before 600 s."""

ENDED = ("succeeded", "failed", "cancelled")
CHECKPOINTS = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's log; `data` is None where the provider has null."""

    id: str
    number: int
    created_at: int
    level: str
    message: str
    data: dict[str, Any] | None
    type: str

    def __deepcopy__(self, memo: dict[int, Any]) -> Event:
        return self


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model as it was at the end of an epoch."""

    id: str
    created_at: int
    model: str
    step: int
    metrics: dict[str, Any]


@dataclass(slots=True)
class Job:
    """Times are Unix seconds. `base` is the dated model, `model` what is being tuned: that, or a tuned one."""

    id: str
    model: str
    base: str
    options: Options
    files: dict[str, StoredFile]
    """What it is to learn from, by its role ("training", "validation"), until it has been read."""
    created_at: float
    validated_at: float
    queued: float
    epoch: float
    begins_at: float
    """When it starts to train, or goes on with it after a pause."""
    trained: float = 0.0
    """Seconds of training before `begins_at`."""
    started: bool = False
    cancelled_at: float | None = None
    paused_at: float | None = None
    finished_at: float | None = None
    error: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    """As they were asked for, and once it has started without "auto"."""
    run: Run | None = None
    tokens: int = 0
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """What the training file teaches, until a model has been made of it."""
    told: int = 0
    """The last step that has been written down."""
    events: dict[str, Event] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    fine_tuned_model: str | None = None
    result_file: str | None = None

    def status(self, now: float) -> str:
        """The state of a job that has been brought up to `now`."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.error is not None:
            return "failed"
        if self.run is None:
            return "validating_files"
        if self.paused_at is not None:
            return "paused"
        if self.finished_at is not None:
            return "succeeded"
        return "running" if now >= self.begins_at else "queued"

    @property
    def ends_at(self) -> float:
        """When it ends if nobody stops it; known once its files have been read."""
        return self.begins_at + (self.run.epochs if self.run else 0) * self.epoch - self.trained

    @property
    def trained_tokens(self) -> int:
        """All tokens, as often as they were gone through."""
        return self.tokens * (self.run.epochs if self.run else 0)

    def log(self, moment: float, message: str, level: str = "info", **more: Any) -> None:
        """Write down what happened."""
        said: dict[str, Any] = {"data": {}, "type": "message", **more}
        event = Event(f"ftevent-{ids.token(24)}", len(self.events), int(moment), level, message, **said)
        self.events[event.id] = event

    def advance(self, now: float) -> bool:
        """Write down what has happened until `now`; whether the training has come to its end."""
        if self.cancelled_at is not None or self.error is not None or self.finished_at is not None:
            return False
        if self.run is None and now >= self.validated_at:
            self._validate()
        if self.run is None or self.paused_at is not None or now < self.begins_at:
            return False
        if not self.started:
            self.started = True
            self.log(self.begins_at, "Fine-tuning job started", data=None)
            self.hyperparameters = auto.resolved(self.hyperparameters, self.run, self.base)
        self._train(min(now, self.ends_at), self.run)
        return now >= self.ends_at

    def cancel(self, now: float) -> None:
        """Stop it for good; it must have been brought up to `now`."""
        self.cancelled_at = now
        self.files, self.pairs = {}, []
        self.log(now, "Fine-tuning job cancelled")

    def pause(self, now: float) -> None:
        """Stop it for a while; it must be running."""
        self.trained += now - self.begins_at
        self.paused_at = now
        self.log(now, "Fine-tuning job paused")

    def resume(self, now: float) -> None:
        """Let it wait in the queue again, and then go on; it must be paused."""
        self.paused_at = None
        self.begins_at = now + self.queued
        self.started = False
        self.log(now, "Fine-tuning job resumed, moving job to queued state")

    def _validate(self) -> None:
        """Read the files as they were when their validation ended."""
        moment = self.validated_at
        files, self.files = self.files, {}
        try:
            for role, file in files.items():
                if file.is_gone(moment):
                    message = f"The job failed because the {role} file was deleted"
                    raise data.Refused(f"deleted_{role}_file", message, f"{role}_file")
            taught, checked = data.read(files["training"], files.get("validation"), self.options, self.base)
        except data.Refused as refused:
            self.error = refused.error
            self.log(moment, str(refused), "error")
            return
        self.tokens, self.pairs = taught.tokens, taught.pairs
        epochs, batch_size = auto.size(self.hyperparameters, taught.examples)
        self.run = metrics.new_run(
            taught.examples, epochs, batch_size, self.options.method, self.options.seed, validates=checked is not None
        )
        self.log(moment, "Files validated, moving job to queued state")

    def _train(self, until: float, run: Run) -> None:
        a_step = run.epochs * self.epoch / run.steps
        # A step is done when its time is over; a rounding error must not put one off.
        done = run.steps if until >= self.ends_at else int((self.trained + until - self.begins_at) / a_step + 1e-9)
        for step in run.told(self.told, done):
            of = run.metrics(step)
            said = f"Step {step}/{run.steps}: training loss={of['train_loss']:.2f}"
            if "valid_loss" in of:
                said += f", validation loss={of['valid_loss']:.2f}"
            if "full_valid_loss" in of:
                said += f", full validation loss={of['full_valid_loss']:.2f}"
            told = {"step": step, "total_steps": run.steps, **of}
            self.log(self._reached(step, run), said, data=told, type="metrics")
        self.told = max(self.told, done)

    def _reached(self, step: int, run: Run) -> float:
        """When a step of the present stretch of training was done."""
        return self.begins_at + step / run.steps * run.epochs * self.epoch - self.trained

    def epoch_ends(self, epoch: int, run: Run) -> int:
        """When an epoch ended: as its last step says; for one that was not told, as if there had been no pause."""
        step = epoch * (run.steps // run.epochs)
        told = (event.created_at for event in self.events.values() if event.data and event.data.get("step") == step)
        return next(told, int(self._reached(step, run)))


def new_job(
    model: str,
    base: str,
    options: Options,
    files: dict[str, StoredFile],
    now: float,
    durations: Mapping[str, float],
) -> Job:
    """A job that begins now; how long its parts take is settled with it."""
    of = {**USUAL, **durations}
    validated_at = now + of["fine_tuning.validating"]
    job = Job(
        id=f"ftjob-{ids.token(24)}",
        model=model,
        base=base,
        options=options,
        files=files,
        created_at=now,
        validated_at=validated_at,
        queued=of["fine_tuning.queued"],
        epoch=of["fine_tuning.epoch"],
        begins_at=validated_at + of["fine_tuning.queued"],
        hyperparameters=options.hyperparameters,
    )
    named = " and ".join(f"{role} file: {file.id}" for role, file in files.items())
    job.log(now, f"Created fine-tuning job: {job.id}")
    job.log(now, f"Validating {named}")
    return job
