"""The routes of OpenAI's fine-tuning jobs (provider-facts 8.1; recordings: fine-tuning create, list, cancel, events, checkpoints).

From 2027-01-06 on nobody creates a job, by the tenant's clock. Before that an account counts as one that has fine-tuned and still
uses what it made; one that has not is scripted: a fault of `fine_tuning.jobs.create` that answers 403 with `closed()`'s body.

Unverified, for want of a recording: the words for a file of another purpose and one in processing, for a model that is not
tuned by a method, and for what a job's state does not allow.
"""

from __future__ import annotations

from datetime import UTC, datetime

from support.simulator.openai import fine_tuning_options, fine_tuning_shown
from support.simulator.openai.errors import envelope, refusal
from support.simulator.openai.files import StoredFile
from support.simulator.openai.fine_tuning_jobs import ENDED, Job
from support.simulator.openai.fine_tuning_models import takes, tunable
from support.simulator.openai.fine_tuning_options import Options
from support.simulator.openai.fine_tuning_pages import page, without_ends
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Refusal, Route

CLOSED_FROM = datetime(2027, 1, 6, tzinfo=UTC)
_JOBS, _EVENTS, _CHECKPOINTS = 20, 20, 10
_DEPRECATIONS = "https://developers.openai.com/api/docs/deprecations#update-to-openais-self-serve-fine-tuning"


def closed() -> Answer:
    """What an organisation gets that may not tune any more, as users quote it (2026-06)."""
    message = (
        "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new fine-tuning "
        f"training jobs. Learn more {_DEPRECATIONS}"
    )
    return Answer(403, envelope(message, code="training_not_available"))


def create(state: OpenAIState, call: Call) -> Answer:
    if call.now >= CLOSED_FROM:
        raise Refusal(closed())
    options = fine_tuning_options.read(call.body)
    now = _settled(state, call)
    files = {"training": _file(state, call, "training_file", options.training_file)}
    if options.validation_file is not None:
        files["validation"] = _file(state, call, "validation_file", options.validation_file)
    job = state.fine_tuning.create(_base(state, options), options, files, now, call.durations)
    shown = fine_tuning_shown.job(job, now)
    # Only this answer has them in the order of their names (recordings).
    details = shown["method"][options.method]
    details["hyperparameters"] = dict(sorted(details["hyperparameters"].items()))
    return Answer(200, shown)


def list_jobs(state: OpenAIState, call: Call) -> Answer:
    now = _settled(state, call)
    wanted = {name[9:-1]: values[0] for name, values in call.query.items() if name.startswith("metadata[")}
    without = call.one("metadata") == "null"

    def takes_it(job: Job) -> bool:
        has = job.options.metadata or {}
        return not (without and has) and all(has.get(name) == value for name, value in wanted.items())

    found = page(call, _JOBS, state.fine_tuning.jobs, lambda job: fine_tuning_shown.job(job, now), takes_it)
    return Answer(200, without_ends(found))


def get(state: OpenAIState, call: Call) -> Answer:
    now = _settled(state, call)
    return Answer(200, fine_tuning_shown.job(_existing(state, call), now))


def cancel(state: OpenAIState, call: Call) -> Answer:
    now = _settled(state, call)
    job = _existing(state, call)
    if job.status(now) in ENDED:
        raise refusal(400, f"Job has already completed: {job.id}")
    job.cancel(now)
    return Answer(200, fine_tuning_shown.job(job, now))


def pause(state: OpenAIState, call: Call) -> Answer:
    now = _settled(state, call)
    job = _existing(state, call)
    _expect(job, now, "running", "paused")
    job.pause(now)
    return Answer(200, fine_tuning_shown.job(job, now))


def resume(state: OpenAIState, call: Call) -> Answer:
    now = _settled(state, call)
    job = _existing(state, call)
    _expect(job, now, "paused", "resumed")
    job.resume(now)
    return Answer(200, fine_tuning_shown.job(job, now))


def events(state: OpenAIState, call: Call) -> Answer:
    _settled(state, call)
    return Answer(200, without_ends(page(call, _EVENTS, _existing(state, call).events, fine_tuning_shown.event)))


def checkpoints(state: OpenAIState, call: Call) -> Answer:
    _settled(state, call)
    job = _existing(state, call)
    return Answer(200, page(call, _CHECKPOINTS, job.checkpoints, lambda one: fine_tuning_shown.checkpoint(one, job)))


def _settled(state: OpenAIState, call: Call) -> float:
    """The time, with all jobs brought up to it."""
    now = call.now.timestamp()
    state.fine_tuning.settle(state.files, now)
    return now


def _existing(state: OpenAIState, call: Call) -> Job:
    job_id = call.params["job_id"]
    job = state.fine_tuning.jobs.get(job_id)
    if job is None:
        raise refusal(404, f"Could not find fine tune: {job_id}", param="fine_tune_id", code="fine_tune_not_found")
    return job


def _expect(job: Job, now: float, status: str, becomes: str) -> None:
    found = job.status(now)
    if found != status:
        message = f"Job {job.id} cannot be {becomes}: it is {found}, and only a job that is {status} can be {becomes}."
        raise refusal(400, message)


def _file(state: OpenAIState, call: Call, param: str, file_id: str) -> StoredFile:
    now = int(call.now.timestamp())
    file = state.files.get(file_id, now)
    if file is None:
        raise refusal(400, f"invalid {param}: {file_id}", param=param)
    if file.purpose != "fine-tune":
        raise refusal(400, f"File '{file_id}' has purpose '{file.purpose}', expected 'fine-tune'.", param=param)
    if call.now.timestamp() < file.processed_at:
        message = f"File '{file_id}' is still being processed and is not ready to be used for fine-tuning. Please try again later."
        raise refusal(400, message, param=param)
    return file


def _base(state: OpenAIState, options: Options) -> str:
    """The dated name of what is to be tuned, or of what a tuned model was made of."""
    tuned = state.fine_tuning.find(options.model)
    if tuned is None:
        model = tunable(options.model)
        if model is None:
            message = f"Model {options.model} is not available for fine-tuning or does not exist."
            raise refusal(400, message, code="model_not_available")
        base = model.id
    else:
        base = tuned.base
    if not takes(base, options.method):
        message = f"Model {options.model} is not available for fine-tuning with the method '{options.method}'."
        raise refusal(400, message, code="model_not_available")
    return base


_ONE = "/v1/fine_tuning/jobs/{job_id}"
ROUTES = (
    Route("POST", "/v1/fine_tuning/jobs", "fine_tuning.jobs.create", create, "json"),
    Route("GET", "/v1/fine_tuning/jobs", "fine_tuning.jobs.list", list_jobs),
    Route("GET", _ONE, "fine_tuning.jobs.get", get),
    Route("POST", f"{_ONE}/cancel", "fine_tuning.jobs.cancel", cancel),
    Route("POST", f"{_ONE}/pause", "fine_tuning.jobs.pause", pause),
    Route("POST", f"{_ONE}/resume", "fine_tuning.jobs.resume", resume),
    Route("GET", f"{_ONE}/events", "fine_tuning.jobs.events", events),
    Route("GET", f"{_ONE}/checkpoints", "fine_tuning.jobs.checkpoints", checkpoints),
)
