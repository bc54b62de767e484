"""Fine-tuning jobs of the wire as the gateway's values, and options as the wire has them (recordings: fine-tuning)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.markers import Marker
from support.values import (
    Provider,
    TuningCheckpoint,
    TuningEvent,
    TuningFailure,
    TuningJob,
    TuningMethod,
    TuningOptions,
)

METHODS: Mapping[TuningMethod, str] = {
    "supervised": "supervised",
    "preference": "dpo",
    "reinforcement": "reinforcement",
}
_METHODS = {word: method for method, word in METHODS.items()}
_HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta")


def options_to_send(options: TuningOptions, marker: Marker) -> dict[str, Any]:
    """The SDK's arguments: hyperparameters inside the method, where the top level's are deprecated; None is left out (`auto`)."""
    word = METHODS[options.method]
    given = {name: getattr(options, name) for name in _HYPERPARAMETERS if getattr(options, name) is not None}
    details: dict[str, Any] = {"hyperparameters": given}
    if options.grader is not None:
        details["grader"] = dict(options.grader)
    sent: dict[str, Any] = {
        "method": {"type": word, word: details},
        "metadata": {**options.metadata, MARKER_KEY: str(marker)},
    }
    if options.seed is not None:
        sent["seed"] = options.seed
    if options.suffix is not None:
        sent["suffix"] = options.suffix
    return sent


def job_of(answer: Mapping[str, Any]) -> TuningJob:
    """The job object of the wire as the gateway's value."""
    metadata = dict(answer.get("metadata") or {})
    marked = metadata.pop(MARKER_KEY, "")
    return TuningJob(
        provider=Provider.OPENAI,
        id=answer["id"],
        status=answer["status"],
        model=answer["model"],
        training_file=answer["training_file"],
        validation_file=answer.get("validation_file"),
        options=options_of(answer, metadata),
        tuned_model=answer.get("fine_tuned_model"),
        trained_tokens=answer.get("trained_tokens"),
        result_files=tuple(answer.get("result_files") or ()),
        failure=failure_of(answer.get("error") or {}),
        organization=answer["organization_id"],
        metadata=metadata,
        marked=marked,
        created_at=_moment(answer["created_at"]),
        finished_at=_moment_or_none(answer.get("finished_at")),
        estimated_finish=_moment_or_none(answer.get("estimated_finish")),
        raw=answer,
    )


def options_of(answer: Mapping[str, Any], metadata: Mapping[str, str]) -> TuningOptions:
    """What a job was asked for; jobs from before 2024-12 have no method, but hyperparameters alone."""
    method = answer.get("method") or {"type": "supervised"}
    word = method["type"]
    details = method.get(word) or {}
    numbers = details.get("hyperparameters") or answer.get("hyperparameters") or {}
    chosen = {name: numbers[name] for name in _HYPERPARAMETERS if numbers.get(name) not in (None, "auto")}
    return TuningOptions(
        method=_METHODS[word],
        grader=details.get("grader"),
        seed=answer.get("seed"),
        suffix=answer.get("user_provided_suffix"),
        metadata=metadata,
        **chosen,
    )


def failure_of(error: Mapping[str, Any]) -> TuningFailure | None:
    """Nothing stands in it while all is well (provider-facts 8.1)."""
    if not error.get("code") and not error.get("message"):
        return None
    return TuningFailure(code=error.get("code") or "", message=error.get("message") or "", param=error.get("param"))


def event_of(answer: Mapping[str, Any]) -> TuningEvent:
    """A line of a job's log."""
    return TuningEvent(
        id=answer["id"],
        level=answer["level"],
        kind=answer.get("type") or "message",
        message=answer["message"],
        data=numbers_of(answer.get("data") or {}),
        created_at=_moment(answer["created_at"]),
    )


def numbers_of(measured: Mapping[str, Any]) -> dict[str, int | float]:
    """What was measured, by the provider's names; nothing that is no number."""
    return {
        name: value
        for name, value in measured.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def checkpoint_of(answer: Mapping[str, Any]) -> TuningCheckpoint:
    """A checkpoint; of its metrics only what is a number."""
    metrics = numbers_of(answer["metrics"])
    return TuningCheckpoint(
        id=answer["id"],
        model=answer["fine_tuned_model_checkpoint"],
        step=answer["step_number"],
        metrics=metrics,
        created_at=_moment(answer["created_at"]),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)
