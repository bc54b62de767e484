"""Deviations of fine-tuning: of jobs and their events, of what is found in training files, and of the models that come of it.

What happens to a job is decided when it is made, for it goes on with the clock even while nobody looks; it counts where somebody
looks at it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, ClassVar

from support.simulator.deviations import operators as do
from support.simulator.deviations.deviation import Deviation
from support.simulator.deviations.inside import in_place_of
from support.simulator.openai import fine_tuning_data as data
from support.simulator.openai import fine_tuning_examples as examples
from support.simulator.openai import models
from support.simulator.openai.files import StoredFile
from support.simulator.openai.fine_tuning import FineTuningShelf
from support.simulator.openai.fine_tuning_jobs import ENDED, Event, Job
from support.simulator.openai.fine_tuning_models import new_name, tunable
from support.simulator.openai.fine_tuning_options import USUAL_BETA
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.tuned_models import Style, TunedModel
from support.simulator.wire import Answer, Call, Handler, Json, Refusal

CREATE, LIST, GET = "fine_tuning.jobs.create", "fine_tuning.jobs.list", "fine_tuning.jobs.get"
CANCEL, PAUSE, RESUME = "fine_tuning.jobs.cancel", "fine_tuning.jobs.pause", "fine_tuning.jobs.resume"
EVENTS, CHECKPOINTS = "fine_tuning.jobs.events", "fine_tuning.jobs.checkpoints"
MODELS, DELETE = "models.list", "models.delete"
ASKS = ("chat.create", "responses.create")
READS = (LIST, GET)
RECORDS = (CREATE, LIST, GET, CANCEL, PAUSE, RESUME)
LOOKS = (*RECORDS, EVENTS, CHECKPOINTS, MODELS)
FILES = ("files.list", "files.get", "files.content")

OPENAI = ("OpenAI",)
FOR_EVER = float("inf")
METRICS = "metrics"
AS_QUEUED: dict[str, Json] = {
    "status": "queued",
    "finished_at": None,
    "fine_tuned_model": None,
    "result_files": [],
    "trained_tokens": None,
    "estimated_finish": None,
}
"""What a job that has gone back shows instead of what it has done."""
KEPT_OPTIONS = {"beta": USUAL_BETA, "reasoning_effort": "default"}
"""Hyperparameters that are never "auto", as they are where nobody says them."""
STAND_INS = {"reinforcement": "o4-mini-2025-04-16"}
"""Models that can be tuned, by method; for the other methods the next one."""
STAND_IN = "gpt-4o-mini-2024-07-18"


def fine_tuning() -> list[Deviation]:
    """Of fine-tuning."""
    return [*_making(), *_reading_files(), *_listing(), *_going_on(), *_telling(), *_cancelling(), *_using()]


# What several share -----------------------------------------------------------------------------------------------------


def _settled(state: OpenAIState, call: Call) -> FineTuningShelf:
    """Jobs and models, brought up to now."""
    state.fine_tuning.settle(state.files, call.now.timestamp())
    return state.fine_tuning


def _ours(memory: do.Memory) -> dict[str, Any]:
    """Jobs that were made under the deviation, each with what there is to remember of it."""
    held: dict[str, Any] = memory.things.setdefault("jobs", {})
    return held


def _made(state: OpenAIState, answer: Answer) -> Job:
    return state.fine_tuning.jobs[answer.body["id"]]


@contextmanager
def _instead(owner: Any, name: str, other: Any) -> Iterator[None]:
    """Another value in the place of `owner.name`. Nothing waits within it, so nobody else sees that."""
    honest = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, honest)


@contextmanager
def _for_now(state: OpenAIState, model: TunedModel) -> Iterator[None]:
    """A model that there is only within."""
    held = state.fine_tuning.models
    held[model.id] = model
    try:
        yield
    finally:
        held.pop(model.id, None)


def _null(old: Json, call: Call) -> Json:
    del old, call
    return None


def _null_where_any(old: Json, call: Call) -> Json:
    del call
    return None if old else old


# Making -----------------------------------------------------------------------------------------------------------------


def _not_listed(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    if call.operation == CREATE:
        _ours(memory)[answer.body["id"]] = None
        return answer
    shelf, after = state.fine_tuning, call.one("after")
    listed = {name: job for name, job in shelf.jobs.items() if name not in _ours(memory) or name == after}
    with _instead(state, "fine_tuning", replace(shelf, jobs=listed, _open={})):
        without = handler(state, call)
    memory.fired += without.body != answer.body
    return without


def _of_any_model(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    wanted = call.body.get("model")
    model = models.find(wanted) if isinstance(wanted, str) else None
    if model is None or tunable(wanted) is not None or models.find(model.snapshot) is None:
        return handler(state, call)
    method = call.body.get("method")
    kind = method.get("type") if isinstance(method, dict) else None
    stand_in = STAND_INS.get(kind, STAND_IN) if isinstance(kind, str) else STAND_IN
    answer = handler(state, replace(call, body={**call.body, "model": stand_in}))
    job = _made(state, answer)
    job.model = job.base = model.snapshot
    job.options = replace(job.options, model=wanted)
    memory.fired += 1
    return replace(answer, body={**answer.body, "model": job.model})


def _named_early(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    job = _made(state, answer)
    job.fine_tuned_model = new_name(job.base, job.options.suffix)
    memory.fired += 1
    return replace(answer, body={**answer.body, "fine_tuned_model": job.fine_tuned_model})


def _options_ignored(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)  # what cannot be is refused as always
    job = _made(state, answer)
    usual = {name: KEPT_OPTIONS.get(name, "auto") for name in job.hyperparameters}
    if usual == job.hyperparameters:
        return answer
    job.hyperparameters = usual
    body = copy.deepcopy(answer.body)
    for shown in (body["hyperparameters"], body["method"][job.options.method]["hyperparameters"]):
        if shown is not None:
            shown.update(usual)
    memory.fired += 1
    return replace(answer, body=body)


def _suffix_lost(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """The job still tells what was asked for."""
    answer = handler(state, call)
    held = _ours(memory)
    if call.operation == CREATE:
        job = _made(state, answer)
        if job.options.suffix is not None:
            held[job.id] = job.options.suffix
            job.options = replace(job.options, suffix=None)
        return answer
    body = copy.deepcopy(answer.body)
    named = False
    for record in do.objects_of(body):
        if record["id"] in held:
            record["user_provided_suffix"] = held[record["id"]]
            named = named or record["fine_tuned_model"] is not None
    memory.fired += named
    return replace(answer, body=body)


def _making() -> list[Deviation]:
    return [
        Deviation(
            "ft.create.not_listed",
            "A new job is missing from the list of jobs.",
            (CREATE, LIST),
            _not_listed,
            OPENAI,
        ),
        Deviation(
            "ft.create.accepts_any_model",
            "A model that no method tunes is accepted, such as one for embeddings.",
            (CREATE,),
            _of_any_model,
            OPENAI,
        ),
        Deviation(
            "ft.create.model_name_early",
            "A new job names its tuned model at once.",
            (CREATE,),
            _named_early,
            OPENAI,
        ),
        Deviation(
            "ft.options_ignored",
            "Whatever hyperparameters are asked for, the job has the usual ones.",
            (CREATE,),
            _options_ignored,
            OPENAI,
        ),
        Deviation(
            "ft.suffix_lost",
            "The name of a tuned model does not have the suffix that was asked for.",
            RECORDS,
            _suffix_lost,
            OPENAI,
        ),
    ]


def _somebody_elses(provider: str, body: Json, call: Call) -> None:
    del provider
    if body["data"]:
        return
    body["data"] = [
        {
            "object": "fine_tuning.job",
            "id": "ftjob-SomebodyElsesJob0000001",
            "model": "gpt-4.1-nano-2025-04-14",
            "created_at": int(call.now.timestamp()) - 3600,
            "finished_at": None,
            "fine_tuned_model": None,
            "organization_id": "org-SomebodyElse",
            "result_files": [],
            "status": "running",
            "validation_file": None,
            "training_file": "file-SomebodyElsesFile0001",
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 0.1},
            "trained_tokens": None,
            "error": {},
            "user_provided_suffix": None,
            "seed": 1,
            "estimated_finish": None,
            "integrations": [],
            "metadata": None,
            "usage_metrics": None,
            "shared_with_openai": False,
            "eval_id": None,
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        }
    ]


# What is found in files -------------------------------------------------------------------------------------------------


class _AnyName(tuple[str, ...]):
    """Names of roles, among which every name is."""

    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


class _AnyRole(Job):
    """A job that takes messages of any role."""

    __slots__ = ()

    def _validate(self) -> None:
        with _instead(examples, "ROLES", _AnyName(examples.ROLES)):
            super()._validate()


class _OfNine(Job):
    """A job that asks for one example less."""

    __slots__ = ()
    fewest: ClassVar[int] = data.FEWEST_EXAMPLES - 1

    def _validate(self) -> None:
        with _instead(data, "FEWEST_EXAMPLES", self.fewest):
            super()._validate()


class _OfOne(_OfNine):
    """A job that is content with one example."""

    __slots__ = ()
    fewest: ClassVar[int] = 1


class _Blind(Job):
    """A job that passes over what it cannot read."""

    __slots__ = ()

    def _validate(self) -> None:
        self.files = {role: self._readable(file) for role, file in self.files.items()}
        super()._validate()

    def _readable(self, file: StoredFile) -> StoredFile:
        lines = [line for line in file.data.split(b"\n") if self._reads(replace(file, data=line))]
        return replace(file, data=b"\n".join(lines))

    def _reads(self, one: StoredFile) -> bool:
        try:
            data.read(one, None, self.options, self.base)
        except data.Refused as refused:
            return refused.error["code"] == "invalid_n_examples" and bool(one.data.strip())
        return True


def _verdict(job: Job) -> dict[str, Any] | None:
    """How an honest job will find its files; None where they are good."""
    try:
        data.read(job.files["training"], job.files.get("validation"), job.options, job.base)
    except data.Refused as refused:
        return refused.error
    return None


def _judged_by(kind: type[Job]) -> do.Operator:
    """New jobs are of another kind; where one finds something else in its files than an honest one, that counts."""

    def operator(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
        shelf, honest = _settled(state, call), _ours(memory)
        for job in [shelf.jobs[job_id] for job_id in honest if job_id in shelf.jobs]:
            if job.run is not None or job.error is not None:
                deleted = job.error is not None and job.error["code"].startswith("deleted_")
                memory.fired += honest.pop(job.id) != job.error and not deleted
        answer = handler(state, call)
        if call.operation == CREATE:
            job = _made(state, answer)
            honest[job.id] = _verdict(job)
            shelf.jobs[job.id] = kind(**{part.name: getattr(job, part.name) for part in fields(job)})
        return answer

    return operator


def _reading_files() -> list[Deviation]:
    return [
        Deviation(
            "ft.validate_laxer_than_gateway",
            "Training files may have messages of roles that there are not.",
            LOOKS,
            _judged_by(_AnyRole),
            OPENAI,
        ),
        Deviation(
            "ft.invalid_data_succeeds",
            "Bad lines of a training file are passed over, and the job succeeds.",
            LOOKS,
            _judged_by(_Blind),
            OPENAI,
        ),
        Deviation(
            "ft.min_examples_off_by_one",
            "Nine examples are enough.",
            LOOKS,
            _judged_by(_OfNine),
            OPENAI,
        ),
        Deviation(
            "ft.min_examples_not_enforced",
            "One example is enough.",
            LOOKS,
            _judged_by(_OfOne),
            OPENAI,
        ),
    ]


# Listing ----------------------------------------------------------------------------------------------------------------


def _as_created(provider: str, body: Json, call: Call) -> None:
    del provider, call
    for record in do.objects_of(body):
        record["status"] = "validating_files"


def _listing() -> list[Deviation]:
    return [
        Deviation(
            "ft.list.ignores_limit",
            "A list of two jobs has all of them.",
            (LIST,),
            do.ignore_parameter("limit"),
            OPENAI,
        ),
        Deviation(
            "ft.list.somebody_elses",
            "An account without jobs is shown one of another account's.",
            (LIST,),
            do.change_answer(_somebody_elses),
            OPENAI,
        ),
        Deviation(
            "ft.list.metadata_filter_ignored",
            "A list of jobs with some metadata has all jobs.",
            (LIST,),
            do.ignore_parameter("metadata", "metadata["),
            OPENAI,
        ),
        Deviation(
            "ft.list.stale_status",
            "The list of jobs shows each with the status that it was made with.",
            (LIST,),
            do.change_answer(_as_created),
            OPENAI,
        ),
    ]


# Going on ---------------------------------------------------------------------------------------------------------------


def _stuck(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    due = _ours(memory)
    for job_id, moment in list(due.items()):
        if call.now.timestamp() >= moment:
            del due[job_id]
            memory.fired += state.fine_tuning.jobs[job_id].cancelled_at is None
    answer = handler(state, call)
    if call.operation == CREATE:
        job = _made(state, answer)
        due[job.id], job.validated_at = job.validated_at, FOR_EVER
    return answer


_unnamed = do.rewrite({"OpenAI": "fine_tuned_model"}, _null)


def _over_without_model(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    if call.operation != CREATE:
        return _unnamed(memory, state, call, handler)
    answer = handler(state, call)
    job = _made(state, answer)
    job.queued = job.epoch = 0.0
    job.begins_at = job.validated_at
    return answer


def _gone_back(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """Once it has been seen running, it is shown in the queue at the next later moment, and as it is from then on."""
    answer = handler(state, call)
    ran: dict[str, datetime] = memory.things.setdefault("ran", {})
    back: dict[str, datetime] = memory.things.setdefault("back", {})
    body = copy.deepcopy(answer.body)
    changed = False
    for record in do.objects_of(body):
        job_id, status = record["id"], record["status"]
        if status == "running":
            ran.setdefault(job_id, call.now)
        if status not in ("running", "succeeded") or job_id not in ran or call.now <= ran[job_id]:
            continue
        if back.setdefault(job_id, call.now) == call.now:
            record.update(AS_QUEUED)
            changed = True
    memory.fired += changed
    return replace(answer, body=body) if changed else answer


def _going_on() -> list[Deviation]:
    return [
        Deviation(
            "ft.status_stuck",
            "The files of a job are validated for ever.",
            LOOKS,
            _stuck,
            OPENAI,
        ),
        Deviation(
            "ft.status_skips_to_succeeded_without_model",
            "A job has succeeded as soon as its files are validated, and names no model.",
            (CREATE, *READS),
            _over_without_model,
            OPENAI,
        ),
        Deviation(
            "ft.status_goes_back",
            "A job that was running is queued.",
            READS,
            _gone_back,
            OPENAI,
        ),
    ]


# What a job tells -------------------------------------------------------------------------------------------------------


def _no_events(provider: str, body: Json, call: Call) -> None:
    del provider, call
    body.update(data=[], has_more=False)


def _without_metrics(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)  # what does not exist is refused as always
    job, after = state.fine_tuning.jobs[call.params["job_id"]], call.one("after")

    def is_told(event: Event) -> bool:
        return event.type != METRICS or event.id == after

    with _instead(job, "events", {name: event for name, event in job.events.items() if is_told(event)}):
        without = handler(state, call)
    memory.fired += without.body != answer.body
    return without


def _results_emptied(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    for job in _settled(state, call).jobs.values():
        file = state.files.get(job.result_file, int(call.now.timestamp())) if job.result_file else None
        if file is not None and (head := file.data.partition(b"\n")[0] + b"\n") != file.data:
            file.data, file.text = head, None
            memory.fired += 1
    return handler(state, call)


def _telling() -> list[Deviation]:
    return [
        Deviation("ft.events_empty", "A job has no events.", (EVENTS,), do.change_answer(_no_events), OPENAI),
        Deviation(
            "ft.events_missing_metrics",
            "The events of a job tell no losses.",
            (EVENTS,),
            _without_metrics,
            OPENAI,
        ),
        Deviation(
            "ft.trained_tokens_missing",
            "A job that has succeeded does not tell its trained tokens.",
            READS,
            do.rewrite({"OpenAI": "trained_tokens"}, _null),
            OPENAI,
        ),
        Deviation(
            "ft.failed_without_error",
            "A job that has failed does not tell why.",
            READS,
            do.rewrite({"OpenAI": "error"}, _null_where_any),
            OPENAI,
        ),
        Deviation(
            "ft.succeeded_without_model",
            "A job that has succeeded names no model.",
            READS,
            _unnamed,
            OPENAI,
        ),
        Deviation(
            "ft.result_file_empty",
            "The result file of a job has its head, and no rows.",
            (*READS, *FILES),
            _results_emptied,
            OPENAI,
        ),
    ]


# Cancelling -------------------------------------------------------------------------------------------------------------


def _is_cancelled(body: Json) -> bool:
    return bool(body["status"] == "cancelled")


def _model_nevertheless(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """A twin of each cancelled job goes on, unseen; its model becomes that of the job."""
    now, shelf, twins = call.now.timestamp(), _settled(state, call), _ours(memory)
    for twin in list(twins.values()):
        FineTuningShelf({twin.id: twin}, shelf.models, _open={twin.id: None}).settle(state.files, now)
        if twin.status(now) in ENDED:
            del twins[twin.id]
        if twin.fine_tuned_model is not None:
            job = shelf.jobs[twin.id]
            job.fine_tuned_model, job.finished_at, job.result_file = (
                twin.fine_tuned_model,
                twin.finished_at,
                twin.result_file,
            )
            memory.fired += 1
    if call.operation != CANCEL:
        return handler(state, call)
    cancelled = shelf.jobs.get(call.params["job_id"])
    as_it_was = cancelled and replace(cancelled, events=dict(cancelled.events), checkpoints=dict(cancelled.checkpoints))
    answer = handler(state, call)  # one that has ended is refused here
    if as_it_was is not None:
        twins[as_it_was.id] = as_it_was
    return answer


def _cancelling() -> list[Deviation]:
    return [
        Deviation(
            "ft.cancel_leaves_running",
            "A job that is cancelled goes on, though the answer says that it does not.",
            (CANCEL,),
            do.lose_effect(_is_cancelled),
            OPENAI,
        ),
        Deviation(
            "ft.cancel_still_produces_model",
            "A job that is cancelled makes its model nevertheless.",
            (*LOOKS, *ASKS),
            _model_nevertheless,
            OPENAI,
        ),
    ]


# Using and deleting models ----------------------------------------------------------------------------------------------


def _own_model(record: dict[str, Json]) -> bool:
    """What a job ended with; checkpoints are no such models."""
    return record["id"].startswith("ft:") and ":ckpt-" not in record["id"]


def _own_models_gone(provider: str, body: Json, call: Call) -> None:
    del provider, call
    body["data"] = [record for record in body["data"] if not _own_model(record)]


def _taught(job: Job) -> list[tuple[str, str]] | None:
    """What a job that has not ended teaches; None where its files are bad."""
    if job.run is not None:
        return job.pairs
    try:
        return data.read(job.files["training"], job.files.get("validation"), job.options, job.base)[0].pairs
    except data.Refused:
        return None


def _usable_early(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """Nobody knows the end of the name yet, so any will do."""
    name, shelf = call.body.get("model"), _settled(state, call)
    if not isinstance(name, str) or shelf.find(name) is not None:
        return handler(state, call)
    for job in (shelf.jobs[job_id] for job_id in shelf.open_jobs()):
        head = new_name(job.base, job.options.suffix).rpartition(":")[0]
        if name.startswith(f"{head}:") and (pairs := _taught(job)) is not None:
            model = TunedModel(name, job.base, int(call.now.timestamp()), Style(pairs))
            with _for_now(state, model):
                answer = handler(state, call)
            memory.fired += 1
            return answer
    return handler(state, call)


def _untaught(memory: do.Memory, honest: Callable[..., Any]) -> Callable[..., Any]:
    def answer(style: Style, question: str) -> None:
        memory.fired += honest(style, question) is not None

    return answer


def _usable_though_deleted(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    shelf = _settled(state, call)
    deleted: dict[str, TunedModel] = memory.things.setdefault("deleted", {})
    if call.operation == DELETE:
        model = shelf.find(call.params["model"])
        answer = handler(state, call)
        if model is not None:
            deleted[model.id] = model
        return answer
    name = call.body.get("model")
    if not isinstance(name, str) or name not in deleted or shelf.find(name) is not None:
        return handler(state, call)
    with _for_now(state, deleted[name]):
        answer = handler(state, call)
    memory.fired += 1
    return answer


def _base_deleted(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    deleted: set[str] = memory.things.setdefault("deleted", set())
    if call.operation == DELETE:
        try:
            return handler(state, call)
        except Refusal as refusal:
            name = call.params["model"]
            if refusal.answer.status != 403:
                raise
            deleted.add(name)
            memory.fired += 1
            return Answer(200, {"object": "model", "id": name, "deleted": True})
    answer = handler(state, call)
    left = [record for record in answer.body["data"] if record["id"] not in deleted]
    if len(left) == len(answer.body["data"]):
        return answer
    memory.fired += 1
    return replace(answer, body={**answer.body, "data": left})


def _using() -> list[Deviation]:
    return [
        Deviation(
            "ft.model_not_listed",
            "A tuned model is missing from the list of models.",
            (MODELS,),
            do.change_answer(_own_models_gone),
            OPENAI,
        ),
        Deviation(
            "ft.model_usable_before_success",
            "A tuned model's name works, with any end, before its job has ended.",
            ASKS,
            _usable_early,
            OPENAI,
        ),
        Deviation(
            "ft.model_not_trained",
            "A tuned model answers like its base.",
            ASKS,
            in_place_of(Style, "answer", _untaught),
            OPENAI,
        ),
        Deviation(
            "ft.delete.ghost_usable",
            "A deleted tuned model still answers.",
            (DELETE, *ASKS),
            _usable_though_deleted,
            OPENAI,
        ),
        Deviation(
            "ft.delete.base_model_ok",
            "A base model can be deleted, and is not listed any more.",
            (DELETE, MODELS),
            _base_deleted,
            OPENAI,
        ),
    ]
