"""An account's fine-tuning jobs, and the models that came of them (provider-facts 8.1). No HTTP here.

Three checkpoints at most are kept, of the last epochs; the last one is the tuned model itself (recordings: fine-tuning
checkpoints; quoted event logs of 2024). They can be used once the job has ended, and are listed and deleted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.simulator import ids
from support.simulator.openai.files import FileShelf, StoredFile
from support.simulator.openai.fine_tuning_jobs import CHECKPOINTS, ENDED, Checkpoint, Job, new_job
from support.simulator.openai.fine_tuning_metrics import Run
from support.simulator.openai.fine_tuning_models import new_name
from support.simulator.openai.fine_tuning_options import Options
from support.simulator.openai.tuned_models import Style, TunedModel

RESULT_FILE = "step_metrics.csv"


@dataclass(frozen=True, slots=True)
class Permission:
    """That another project may use a model."""

    id: str
    created_at: int
    project_id: str


@dataclass(slots=True)
class FineTuningShelf:
    """Jobs, oldest first, and tuned models by name."""

    jobs: dict[str, Job] = field(default_factory=dict)
    models: dict[str, TunedModel] = field(default_factory=dict)
    permissions: dict[str, dict[str, Permission]] = field(default_factory=dict)
    """By the model's name, the oldest first."""
    _open: dict[str, None] = field(default_factory=dict)
    """Jobs that had not ended when somebody looked last."""

    def create(
        self,
        base: str,
        options: Options,
        files: dict[str, StoredFile],
        now: float,
        durations: Mapping[str, float],
    ) -> Job:
        """A new job; `base` is the dated model under what is tuned, or under what was tuned before."""
        model = options.model if options.model in self.models else base
        job = new_job(model, base, options, files, now, durations)
        self.jobs[job.id] = job
        self._open[job.id] = None
        return job

    def settle(self, files: FileShelf, now: float) -> None:
        """Bring all jobs up to `now`; models and result files come to be on the way."""
        if not self._open:
            return
        for job_id in list(self._open):
            job = self.jobs[job_id]
            if job.advance(now) and job.run is not None:
                self._finish(job, job.run, files)
            if job.status(now) in ENDED:
                del self._open[job_id]

    def open_jobs(self) -> list[str]:
        """Ids of the jobs that have not ended."""
        return list(self._open)

    def find(self, name: str) -> TunedModel | None:
        """The tuned model, or the checkpoint, of that name."""
        return self.models.get(name)

    def remove(self, name: str) -> bool:
        """Whether there was such a model."""
        self.permissions.pop(name, None)
        return self.models.pop(name, None) is not None

    def _finish(self, job: Job, run: Run, files: FileShelf) -> None:
        moment = job.ends_at
        earlier = self.models.get(job.model)
        style = earlier.style.with_more(job.pairs) if earlier else Style(job.pairs)
        names: list[str] = []
        for epoch in range(max(1, run.epochs - CHECKPOINTS + 1), run.epochs + 1):
            step = epoch * (run.steps // run.epochs)
            name = new_name(job.base, job.options.suffix)
            if epoch < run.epochs:
                name = f"{name}:ckpt-step-{step}"
                job.log(moment, f"Checkpoint created at step {step} with Snapshot ID: {name}")
            names.append(name)
            self.models[name] = TunedModel(name, job.base, int(moment), style, epoch < run.epochs)
            figures = {"step": step, **run.metrics(step)}
            checkpoint = Checkpoint(f"ftckpt_{ids.token(24)}", job.epoch_ends(epoch, run), name, step, figures)
            job.checkpoints[checkpoint.id] = checkpoint
        results = files.add(RESULT_FILE, "fine-tune-results", run.table(), int(moment))
        job.result_file, job.fine_tuned_model, job.finished_at = results.id, names[-1], moment
        job.pairs = []
        job.log(moment, f"New fine-tuned model created: {names[-1]}")
        job.log(moment, "The job has successfully completed")
