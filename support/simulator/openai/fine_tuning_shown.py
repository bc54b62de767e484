"""Fine-tuning jobs, events and checkpoints as they stand on the wire (recordings: fine-tuning; openai.yaml).

The order of keys is the recorded one. `hyperparameters` is null for jobs that are not supervised: so users quote it (2024).
Unverified: `method` of preference and reinforcement jobs beyond the interface description.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai.fine_tuning import Permission
from support.simulator.openai.fine_tuning_jobs import Checkpoint, Event, Job
from support.simulator.openai.fine_tuning_models import ORGANIZATION


def job(one: Job, now: float) -> dict[str, Any]:
    """The job object, with every key of a live answer; the job must have been brought up to `now`."""
    status = one.status(now)
    method = one.options.method
    hyperparameters = dict(one.hyperparameters)
    details: dict[str, Any] = {"hyperparameters": hyperparameters}
    if one.options.grader is not None:
        details["grader"] = one.options.grader
    done = status == "succeeded"
    return {
        "object": "fine_tuning.job",
        "id": one.id,
        "model": one.model,
        "created_at": int(one.created_at),
        "finished_at": int(one.finished_at) if one.finished_at is not None else None,
        "fine_tuned_model": one.fine_tuned_model,
        "organization_id": f"org-{ORGANIZATION}",
        "result_files": [one.result_file] if one.result_file else [],
        "status": status,
        "validation_file": one.options.validation_file,
        "training_file": one.options.training_file,
        "hyperparameters": hyperparameters if method == "supervised" else None,
        "trained_tokens": one.trained_tokens if done else None,
        "error": one.error or {},
        "user_provided_suffix": one.options.suffix,
        "seed": one.options.seed,
        "estimated_finish": int(one.ends_at) if status == "running" else None,
        "integrations": one.options.integrations,
        "metadata": one.options.metadata,
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": None,
        "method": {"type": method, method: details},
    }


def event(one: Event) -> dict[str, Any]:
    """One line of the log. Names of figures stand in the order of their length, as they come from the provider's store."""
    data = one.data and {name: one.data[name] for name in sorted(one.data, key=lambda name: (len(name), name))}
    return {
        "object": "fine_tuning.job.event",
        "id": one.id,
        "created_at": one.created_at,
        "level": one.level,
        "message": one.message,
        "data": data,
        "type": one.type,
    }


def checkpoint(one: Checkpoint, owner: Job) -> dict[str, Any]:
    """A checkpoint; `type` among the figures is recorded, but not described."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": one.id,
        "created_at": one.created_at,
        "fine_tuned_model_checkpoint": one.model,
        "fine_tuning_job_id": owner.id,
        "metrics": {**one.metrics, "type": owner.options.method},
        "step_number": one.step,
    }


def permission(one: Permission) -> dict[str, Any]:
    """That a project may use a model."""
    return {
        "object": "checkpoint.permission",
        "id": one.id,
        "created_at": one.created_at,
        "project_id": one.project_id,
    }
