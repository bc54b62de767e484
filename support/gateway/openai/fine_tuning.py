"""OpenAI's fine-tuning: jobs, their events and checkpoints, and the models that come of them (provider-facts 8.1)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import openai

from support.catalogue.lifecycle import retirement
from support.catalogue.limits import tuning_limits
from support.errors import (
    BadResponse,
    Conflict,
    InvalidRequest,
    JobFailed,
    NotFound,
    PermissionDenied,
    Retired,
    TouchstoneError,
    WaitTimeout,
)
from support.gateway import fine_tuning, training_data
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.call import Bill, Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.capabilities import Capability
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.files import check_local
from support.gateway.markers import Marker, unmark
from support.gateway.openai import errors, training_tokens
from support.gateway.openai.files import OpenAIFiles
from support.gateway.openai.tokens import OpenAITokens
from support.gateway.openai.tuning_jobs import checkpoint_of, event_of, job_of, options_to_send
from support.gateway.polling import until
from support.gateway.retry import Repeat
from support.gateway.runs import Bills
from support.values import (
    Deletion,
    Money,
    Provider,
    TrainingData,
    TuningCheckpoint,
    TuningEstimate,
    TuningEvent,
    TuningEventPage,
    TuningJob,
    TuningJobPage,
    TuningMethod,
    TuningOptions,
    Usage,
)

R = TypeVar("R")

KIND, MODEL_KIND, FILE_KIND = "tuning_job", "tuned_model", "file"
"""Under which the journal knows a job, and what comes of it."""
PURPOSE = "fine-tune"
NOT_TUNABLE = "model_not_available"
"""OpenAI's code for a model that it does not train, of which it does not say which ones it does (provider-facts 8.1)."""
EVENTS_A_PAGE = 100
_STATES = ("Job has already completed", " cannot be paused: ", " cannot be resumed: ")
"""Parts of the words with which a 400 says that a job's state does not allow it; those on pauses are unverified."""


class OpenAIFineTuning:
    """`/v1/fine_tuning/jobs`. A job stays for ever; its model and its files can be deleted."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._jobs = client.fine_tuning.jobs
        self._models = client.models
        self._files = OpenAIFiles(choke, client)
        self._tokens = OpenAITokens(choke, client)
        self._bills = Bills()
        self._prices: dict[str, Decimal | None] = {}
        """Dollars for a trained token, by the job whose bill is open."""
        self._counted: dict[tuple[str, int, int, str], training_tokens.Counted] = {}
        """By path, size, time of the last change, and model: what was estimated is not counted again."""

    # Beginning ------------------------------------------------------------------------------------------------------------

    async def create(
        self,
        training: Path | str,
        *,
        model: str,
        validation: Path | str | None = None,
        options: TuningOptions | None = None,
        validate: bool = True,
    ) -> TuningJob:
        options = options or TuningOptions()
        fine_tuning.check_options(options)
        checked = is_checked(validate)
        data = check_data(training, "training", options.method, checked)
        check_data(validation, "validation", options.method, checked)
        price = fine_tuning.training_price(model, options)
        if price is None and self._choke.account.money is Money.SIMULATED and fine_tuning.is_tunable(model):
            raise fine_tuning.unknown_price(
                model, options
            )  # of what nobody tunes, the provider says so; live, see the purse
        most = None if price is None else await self._highest(training, data, model, options, price)
        marker = Marker.fresh(self._choke.account.run_id)
        operation = Operation(
            Provider.OPENAI,
            "fine_tuning.create",
            Repeat.IF_ABSENT,
            model=fine_tuning.base_of(model),
            bound=Bound(input_tokens=0, output_tokens=0, fees_usd=most),
            creates=Creation(KIND, marker),
        )
        return await self._begin(operation, marker, training, validation, model, options, price)

    async def _begin(
        self,
        operation: Operation,
        marker: Marker,
        training: Path | str,
        validation: Path | str | None,
        model: str,
        options: TuningOptions,
        price: Decimal | None,
    ) -> TuningJob:
        today = (await self._choke.clock.now()).date()
        arguments: dict[str, Any] = {"model": model, **options_to_send(options, marker)}

        async def send() -> TuningJob:
            for name, file in (("training_file", training), ("validation_file", validation)):
                if file is not None and name not in arguments:  # once, and not before the money is there
                    arguments[name] = await self._stored(file)
            await self._jobs.create(**arguments)
            return job_of(answer_on_the_wire())

        def translated(error: Exception) -> TouchstoneError:
            return refused_creation(errors.translate(error), today)

        def begun(job: TuningJob, bill: Bill) -> None:
            self._bills.begun(job.id, bill)
            self._prices[job.id] = price

        job = await self._choke.call(
            operation,
            send,
            translated,
            id_of=lambda made: made.id,
            find=lambda: self._made_by(marker),
            billed=begun,
        )
        return self._seen(job)

    async def _stored(self, file: Path | str) -> str:
        return file if isinstance(file, str) else (await self._files.upload(file, purpose=PURPOSE)).id

    async def _made_by(self, marker: Marker) -> TuningJob | None:
        async for job in self.list(metadata={MARKER_KEY: str(marker)}):
            if job.marked == str(marker):
                return job
        return None

    # Money ----------------------------------------------------------------------------------------------------------------

    async def estimate(
        self, training: TrainingData, *, model: str, options: TuningOptions | None = None
    ) -> TuningEstimate:
        options = options or TuningOptions()
        fine_tuning.check_options(options)
        if training.faults:
            raise training_data.refusal_of(training)
        price = fine_tuning.training_price(model, options)
        if price is None:
            raise fine_tuning.unknown_price(model, options)
        counted = await self._count(training, model)
        epochs = fine_tuning.epochs_of(options, training.examples)
        return fine_tuning.estimated(model, counted.tokens, epochs, price, exact=counted.exact)

    async def _count(self, training: TrainingData, model: str) -> training_tokens.Counted:
        if training.tokens is not None:
            return training_tokens.Counted(training.tokens, exact=True)
        base = fine_tuning.base_of(model)
        key = (*training_tokens.identity(training.path), base)
        if key not in self._counted:
            self._counted[key] = await training_tokens.counted(self._tokens, training, base)
        return self._counted[key]

    async def _highest(
        self, training: Path | str, data: TrainingData | None, model: str, options: TuningOptions, price: Decimal
    ) -> Decimal:
        """The most that training can cost: by the estimate, or for data that nobody read by its size, as a token is at least a byte."""
        if data is not None:
            try:
                return (await self.estimate(data, model=model, options=options)).cost_usd[1]
            except NotFound as unknown:  # the model, of which the provider's count knows nothing
                raise as_invalid(unknown) from unknown
        if isinstance(training, Path):
            examples, size = training_tokens.lines_and_bytes(training)
        else:
            examples, size = tuning_limits(Provider.OPENAI).min_examples, await self._size_of(training)
        return fine_tuning.cost(size * fine_tuning.epochs_of(options, examples)[1], price)

    async def _size_of(self, file_id: str) -> int:
        if file_id not in self._choke.file_sizes:
            try:
                self._choke.file_sizes[file_id] = (await self._files.get(file_id)).size_bytes
            except NotFound:
                return 0  # for the creation to say so
        return self._choke.file_sizes[file_id]

    def _seen(self, job: TuningJob) -> TuningJob:
        """What follows from a look: an end is paid for, and what a success of the run's left is the run's."""
        if job.ended and self._bills.is_open(job.id):
            trained = billed_tokens(job)
            if trained is not None:  # untold, it stays reserved
                price = self._prices.pop(job.id)
                fees = Decimal(0) if not trained else None if price is None else fine_tuning.cost(trained, price)
                self._bills.ended(job.id, Usage(), fees)
        marker, _ = unmark(job.marked)
        if marker is not None and marker.run_id == self._choke.account.run_id:
            if job.tuned_model is not None and job.status == "succeeded":
                self._choke.adopt(Provider.OPENAI, MODEL_KIND, job.tuned_model)
            for file_id in job.result_files:
                self._choke.adopt(Provider.OPENAI, FILE_KIND, file_id)
        return job

    # Looking --------------------------------------------------------------------------------------------------------------

    async def get(self, job_id: str) -> TuningJob:
        async def send() -> TuningJob:
            await self._jobs.retrieve(job_id)
            return job_of(answer_on_the_wire())

        return self._seen(await self._call("get", Repeat.ALWAYS, send, about=job_id))

    async def list_page(
        self, *, limit: int | None = None, cursor: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> TuningJobPage:
        given = _given(limit=limit, after=cursor, metadata=dict(metadata) if metadata else None)

        async def send() -> TuningJobPage:
            # A long page is more than the wire record keeps, so its JSON is taken from the SDK's own response.
            answer = (await self._jobs.with_raw_response.list(**given)).http_response.json()
            jobs = tuple(job_of(one) for one in answer["data"])
            return TuningJobPage(jobs=jobs, next_cursor=_next(answer))

        page = await self._call("list", Repeat.ALWAYS, send)
        for job in page.jobs:
            self._seen(job)
        return page

    async def list(
        self, *, page_size: int | None = None, metadata: Mapping[str, str] | None = None
    ) -> AsyncIterator[TuningJob]:
        cursor: str | None = None
        cursors: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor, metadata=metadata)
            for job in page.jobs:
                yield job
            cursor = unrepeated(following(page), cursors)
            if cursor is None:
                return

    async def wait(
        self,
        job_id: str,
        *,
        timeout: timedelta = timedelta(hours=24),
        every: timedelta = timedelta(seconds=30),
        on_event: Callable[[TuningEvent], None] | None = None,
    ) -> TuningJob:
        last: TuningJob | None = None
        told: set[str] = set()

        async def look() -> TuningJob:
            nonlocal last
            last = await self.get(job_id)
            if on_event is not None:
                for event in await self._new_events(job_id, told):
                    on_event(event)
            return last

        try:
            job = await until(
                look,
                is_done,
                clock=self._choke.clock,
                timeout=timeout,
                provider=Provider.OPENAI,
                what=f"job {job_id}",
                every=every,
            )
        except WaitTimeout as late:
            assert last is not None
            said = f"job {job_id} was {last.status} after {timeout}; it goes on there"
            raise WaitTimeout(said, provider=Provider.OPENAI) from late
        if has_failed(job):
            raise failed(job)
        return job

    # Steering -------------------------------------------------------------------------------------------------------------

    async def cancel(self, job_id: str) -> TuningJob:
        async def send() -> TuningJob:
            await self._jobs.cancel(job_id)
            return job_of(answer_on_the_wire())

        return self._seen(await self._call("cancel", Repeat.IF_REFUSED, send, about=job_id))

    async def pause(self, job_id: str) -> TuningJob:
        async def send() -> TuningJob:
            await self._jobs.pause(job_id)
            return job_of(answer_on_the_wire())

        return self._seen(await self._call("pause", Repeat.IF_REFUSED, send, about=job_id))

    async def resume(self, job_id: str) -> TuningJob:
        async def send() -> TuningJob:
            await self._jobs.resume(job_id)
            return job_of(answer_on_the_wire())

        return self._seen(await self._call("resume", Repeat.IF_REFUSED, send, about=job_id))

    # The log --------------------------------------------------------------------------------------------------------------

    async def events_page(self, job_id: str, *, limit: int | None = None, cursor: str | None = None) -> TuningEventPage:
        given = _given(limit=limit, after=cursor)

        async def send() -> TuningEventPage:
            answer = (await self._jobs.with_raw_response.list_events(job_id, **given)).http_response.json()
            return TuningEventPage(events=tuple(event_of(one) for one in answer["data"]), next_cursor=_next(answer))

        return await self._call("events", Repeat.ALWAYS, send, about=job_id)

    async def follow(self, job_id: str, *, every: timedelta = timedelta(seconds=10)) -> AsyncIterator[TuningEvent]:
        told: set[str] = set()
        while True:
            # The job first: what it logged until its end is all there when it is seen to have ended.
            job = await self.get(job_id)
            for event in await self._new_events(job_id, told):
                yield event
            if is_done(job):
                return
            await self._choke.clock.sleep(every.total_seconds())

    async def _new_events(self, job_id: str, told: set[str]) -> Sequence[TuningEvent]:
        """What was logged since the last look, oldest first: pages from the newest on, as far as the first that is known."""
        found: list[TuningEvent] = []
        cursor: str | None = None
        cursors: set[str] = set()
        while True:
            page = await self.events_page(job_id, limit=EVENTS_A_PAGE, cursor=cursor)
            new = not_told(page.events, told)
            found += new
            cursor = unrepeated(following(page), cursors)
            if cursor is None or len(new) < len(page.events):
                told.update(event.id for event in found)
                return in_order(found)

    async def checkpoints(self, job_id: str) -> tuple[TuningCheckpoint, ...]:
        found: list[TuningCheckpoint] = []
        cursor: str | None = None
        cursors: set[str] = set()
        while True:
            given = _given(after=cursor)

            async def send(given: Mapping[str, Any] = given) -> tuple[list[TuningCheckpoint], str | None]:
                await self._jobs.checkpoints.list(job_id, **given)
                answer = answer_on_the_wire()
                return [checkpoint_of(one) for one in answer["data"]], _next(answer)

            page, after = await self._call("checkpoints", Repeat.ALWAYS, send, about=job_id)
            found += page
            cursor = unrepeated(after, cursors)
            if cursor is None:
                return tuple(found)

    # Models ---------------------------------------------------------------------------------------------------------------

    async def delete_model(self, model: str) -> Deletion:
        async def send() -> Deletion:
            await self._models.delete(model)
            return Deletion(provider=Provider.OPENAI, id=answer_on_the_wire()["id"])

        return await self._call(
            "delete_model",
            Repeat.ALWAYS,
            send,
            about=model,
            removes=Removal(MODEL_KIND, model),
            if_gone=lambda: Deletion(provider=Provider.OPENAI, id=model),
        )

    async def discard(self, job_id: str) -> None:
        job = await self.get(job_id)
        if not job.ended:
            with suppress(Conflict):  # it may have ended meanwhile
                await self.cancel(job_id)
                return
            job = await self.get(job_id)
        if job.tuned_model is not None:
            made = [checkpoint.model for checkpoint in await self.checkpoints(job_id)]
            for model in dict.fromkeys((job.tuned_model, *made)):  # the last checkpoint is the model itself
                with suppress(NotFound):
                    await self.delete_model(model)
        for file_id in job.result_files:
            with suppress(NotFound):
                await self._files.delete(file_id)

    async def _call(
        self,
        name: str,
        repeat: Repeat,
        send: Callable[[], Awaitable[R]],
        *,
        about: str | None = None,
        removes: Removal | None = None,
        if_gone: Callable[[], R] | None = None,
    ) -> R:
        def translated(error: Exception) -> TouchstoneError:
            return naming(translate(error), about)

        operation = Operation(Provider.OPENAI, f"fine_tuning.{name}", repeat, removes=removes)
        return await self._choke.call(operation, send, translated, if_gone=if_gone)


# Decisions --------------------------------------------------------------------------------------------------------------


def is_checked(validate: bool) -> bool:
    """Whether data is read before it is sent: unless the caller says otherwise."""
    return validate


def check_data(file: Path | str | None, field: str, method: TuningMethod, checked: bool) -> TrainingData | None:
    """Reads a local file through; None for a stored one, and where the caller leaves its data to the provider."""
    if not isinstance(file, Path):
        return None
    check_local(file, Provider.OPENAI)
    fine_tuning.check_file(file, field)
    if not checked:
        return None
    data = training_data.check(file, method=method, least=None if field == "training" else 1)
    if data.faults:
        raise training_data.refusal_of(data, field)
    return data


def billed_tokens(job: TuningJob) -> int | None:
    """What a job that has ended is charged for: nothing unless it succeeded; None where the provider does not tell."""
    return job.trained_tokens if job.status == "succeeded" else 0


def is_done(job: TuningJob) -> bool:
    """Whether nothing more comes of it."""
    return job.ended


def has_failed(job: TuningJob) -> bool:
    """Whether the provider gave up on it."""
    return job.status == "failed"


def failed(job: TuningJob) -> JobFailed:
    """The provider's own reason."""
    why = job.failure
    if why is None:
        return JobFailed(f"job {job.id} failed; the provider does not say why", provider=Provider.OPENAI)
    about = f", param {why.param}" if why.param else ""
    return JobFailed(
        f"job {job.id} failed: {why.message} (code {why.code}{about})",
        provider=Provider.OPENAI,
        code=why.code,
        param=why.param,
        provider_message=why.message,
    )


def not_told(events: Sequence[TuningEvent], told: set[str]) -> list[TuningEvent]:
    """Those that nobody was told of."""
    return [event for event in events if event.id not in told]


def in_order(events: Sequence[TuningEvent]) -> Sequence[TuningEvent]:
    """As they happened; the wire has the newest first."""
    return events[::-1]


def following(page: TuningJobPage | TuningEventPage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


def unrepeated(cursor: str | None, seen: set[str]) -> str | None:
    """The cursor; BadResponse for one that was there before."""
    if cursor in seen:
        raise BadResponse(f"the list comes back to the page after {cursor}", provider=Provider.OPENAI)
    if cursor is not None:
        seen.add(cursor)
    return cursor


def _next(answer: Mapping[str, Any]) -> str | None:
    """Lists of jobs and events do not name their last (provider-facts 8.1)."""
    return answer["data"][-1]["id"] if answer.get("has_more") and answer["data"] else None


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


# Errors -----------------------------------------------------------------------------------------------------------------


def translate(error: Exception) -> TouchstoneError:
    """As anywhere at OpenAI; a 400 that is about a job's state is a conflict."""
    translated = errors.translate(error)
    if isinstance(translated, InvalidRequest) and any(words in translated.message for words in _STATES):
        return _told_as(Conflict, translated)
    return translated


def refused_creation(error: TouchstoneError, today: date) -> TouchstoneError:
    """What is not there is named in the request (provider-facts 8.1: 400 or 404); from its last day on, training is retired."""
    if isinstance(error, NotFound):
        return as_invalid(error)
    if error.code == NOT_TUNABLE:
        error.message += f" Models that can be tuned: {', '.join(tuning_limits(Provider.OPENAI).tunable)}."
    end = retirement(Provider.OPENAI, Capability.FINE_TUNING)
    if isinstance(error, PermissionDenied) and end is not None and end.has_happened(today):
        return retired(error, end.retired_on)
    return error


def retired(answer: TouchstoneError, since: date) -> Retired:
    """The provider's refusal, in the words of who knows that it is for good."""
    said = f"nobody can train a model at OpenAI since {since:%Y-%m-%d}; models that were tuned serve on until their base ends"
    error = Retired(said, since=since, successor=None, provider=Provider.OPENAI)
    error.status, error.code, error.param = answer.status, answer.code, answer.param
    error.provider_message, error.request_id = answer.provider_message, answer.request_id
    return error


def as_invalid(error: TouchstoneError) -> InvalidRequest:
    """The same refusal, as one of the request."""
    return _told_as(InvalidRequest, error)


Kind = TypeVar("Kind", bound=TouchstoneError)


def _told_as(kind: type[Kind], error: TouchstoneError) -> Kind:
    return kind(
        error.message,
        provider=error.provider,
        operation=error.operation,
        status=error.status,
        code=error.code,
        param=error.param,
        provider_message=error.provider_message,
        request_id=error.request_id,
        retry_after=error.retry_after,
        should_retry=error.should_retry,
        sent=error.sent,
    )
