"""OpenAI's fine-tuning: jobs, their events and checkpoints, and the models that come of them (provider-facts 8.1)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import openai

from support.errors import Conflict, NotFound, TouchstoneError, WaitTimeout
from support.gateway import fine_tuning, training_data
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.call import Bill, Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.files import check_local
from support.gateway.keeper import unrepeated
from support.gateway.markers import Marker, unmark
from support.gateway.openai import errors, tuning_ends, tuning_errors, tuning_pages
from support.gateway.openai.files import OpenAIFiles
from support.gateway.openai.tuning_costs import TuningCosts
from support.gateway.openai.tuning_jobs import checkpoint_of, event_of, job_of, options_to_send
from support.gateway.polling import until
from support.gateway.retry import Repeat
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
)

R = TypeVar("R")

KIND, MODEL_KIND, FILE_KIND = "tuning_job", "tuned_model", "file"
"""Under which the journal knows a job, and what comes of it."""
PURPOSE = "fine-tune"
EVENTS_A_PAGE = 100


class OpenAIFineTuning:
    """`/v1/fine_tuning/jobs`. A job stays for ever; its model and its files can be deleted."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._jobs = client.fine_tuning.jobs
        self._models = client.models
        self._files = OpenAIFiles(choke, client)
        self._costs = TuningCosts(choke, client)

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
        most = None if price is None else await self._costs.highest(training, data, model, options, price)
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
            return tuning_errors.refused_creation(errors.translate(error), today)

        def begun(job: TuningJob, bill: Bill) -> None:
            self._costs.begun(job, bill, price)

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
        return await self._costs.estimate(training, model=model, options=options)

    def _seen(self, job: TuningJob) -> TuningJob:
        """What follows from a look: an end is paid for, and what a success of the run's left is the run's."""
        self._costs.seen(job)
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
        given = tuning_pages.given(limit=limit, after=cursor, metadata=dict(metadata) if metadata else None)

        async def send() -> TuningJobPage:
            # A long page is more than the wire record keeps, so its JSON is taken from the SDK's own response.
            answer = (await self._jobs.with_raw_response.list(**given)).http_response.json()
            jobs = tuple(job_of(one) for one in answer["data"])
            return TuningJobPage(jobs=jobs, next_cursor=tuning_pages.next_of(answer))

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
            cursor = unrepeated(Provider.OPENAI, tuning_pages.following(page), cursors)
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
                tuning_ends.is_done,
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
        if tuning_ends.has_failed(job):
            raise tuning_ends.failed(job)
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
        given = tuning_pages.given(limit=limit, after=cursor)

        async def send() -> TuningEventPage:
            answer = (await self._jobs.with_raw_response.list_events(job_id, **given)).http_response.json()
            return TuningEventPage(
                events=tuple(event_of(one) for one in answer["data"]), next_cursor=tuning_pages.next_of(answer)
            )

        return await self._call("events", Repeat.ALWAYS, send, about=job_id)

    async def follow(self, job_id: str, *, every: timedelta = timedelta(seconds=10)) -> AsyncIterator[TuningEvent]:
        told: set[str] = set()
        while True:
            # The job first: what it logged until its end is all there when it is seen to have ended.
            job = await self.get(job_id)
            for event in await self._new_events(job_id, told):
                yield event
            if tuning_ends.is_done(job):
                return
            await self._choke.clock.sleep(every.total_seconds())

    async def _new_events(self, job_id: str, told: set[str]) -> Sequence[TuningEvent]:
        """What was logged since the last look, oldest first: pages from the newest on, as far as the first that is known."""
        found: list[TuningEvent] = []
        cursor: str | None = None
        cursors: set[str] = set()
        while True:
            page = await self.events_page(job_id, limit=EVENTS_A_PAGE, cursor=cursor)
            new = tuning_pages.not_told(page.events, told)
            found += new
            cursor = unrepeated(Provider.OPENAI, tuning_pages.following(page), cursors)
            if cursor is None or len(new) < len(page.events):
                told.update(event.id for event in found)
                return tuning_pages.in_order(found)

    async def checkpoints(self, job_id: str) -> tuple[TuningCheckpoint, ...]:
        found: list[TuningCheckpoint] = []
        cursor: str | None = None
        cursors: set[str] = set()
        while True:
            given = tuning_pages.given(after=cursor)

            async def send(given: Mapping[str, Any] = given) -> tuple[list[TuningCheckpoint], str | None]:
                await self._jobs.checkpoints.list(job_id, **given)
                answer = answer_on_the_wire()
                return [checkpoint_of(one) for one in answer["data"]], tuning_pages.next_of(answer)

            page, after = await self._call("checkpoints", Repeat.ALWAYS, send, about=job_id)
            found += page
            cursor = unrepeated(Provider.OPENAI, after, cursors)
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
            return naming(tuning_errors.translate(error), about)

        operation = Operation(Provider.OPENAI, f"fine_tuning.{name}", repeat, removes=removes)
        return await self._choke.call(operation, send, translated, if_gone=if_gone)


# Data before it is sent --------------------------------------------------------------------------------------------------------------


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
