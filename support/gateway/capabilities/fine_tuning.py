"""Training models of one's own (provider-facts 8). OpenAI takes no new jobs from most, and from nobody after 2027-01-06."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from support.values import (
    Deletion,
    TrainingData,
    TuningCheckpoint,
    TuningEstimate,
    TuningEvent,
    TuningEventPage,
    TuningJob,
    TuningJobPage,
    TuningOptions,
)


class FineTuning(Protocol):
    """Jobs of training. Money is set aside at the estimate's upper end, and settled by what was trained."""

    async def create(
        self,
        training: Path | str,
        *,
        model: str,
        validation: Path | str | None = None,
        options: TuningOptions | None = None,
        validate: bool = True,
    ) -> TuningJob:
        """Starts a job on a local file, which is checked, priced and uploaded first, or on a stored one by its id.

        Before anything is sent: InvalidRequest with every fault and its line, for an option out of its range, or a suffix of
        more than 64 characters; UnknownPrice; BudgetExceeded. `validate=False` leaves the data to the provider, whose job then
        fails. PermissionDenied where the organisation may not train; Retired from the last day on.
        """
        ...

    async def estimate(
        self, training: TrainingData, *, model: str, options: TuningOptions | None = None
    ) -> TuningEstimate:
        """What training on data that was checked is likely to take, counted by the provider's own endpoint, which is free.

        UnknownPrice where no price is known; InvalidRequest for data with faults, and for an example that is too long.
        """
        ...

    async def get(self, job_id: str) -> TuningJob: ...

    async def list_page(
        self, *, limit: int | None = None, cursor: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> TuningJobPage:
        """Newest first; with `metadata` those that have it."""
        ...

    def list(
        self, *, page_size: int | None = None, metadata: Mapping[str, str] | None = None
    ) -> AsyncIterator[TuningJob]: ...

    async def wait(
        self,
        job_id: str,
        *,
        timeout: timedelta = timedelta(hours=24),
        every: timedelta = timedelta(seconds=30),
        on_event: Callable[[TuningEvent], None] | None = None,
    ) -> TuningJob:
        """The job once it succeeded or was cancelled; raises JobFailed with the provider's own reason, or WaitTimeout."""
        ...

    async def cancel(self, job_id: str) -> TuningJob:
        """Conflict for a job that has ended."""
        ...

    async def pause(self, job_id: str) -> TuningJob: ...

    async def resume(self, job_id: str) -> TuningJob: ...

    async def events_page(
        self, job_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> TuningEventPage: ...

    def follow(self, job_id: str, *, every: timedelta = timedelta(seconds=10)) -> AsyncIterator[TuningEvent]:
        """Each event of the job once, oldest first, until the job has ended; requests grow with the events, not their square."""
        ...

    async def checkpoints(self, job_id: str) -> tuple[TuningCheckpoint, ...]:
        """Newest first."""
        ...

    async def delete_model(self, model: str) -> Deletion:
        """Deletes a tuned model; PermissionDenied without the role, and for a model of the provider's own."""
        ...

    async def discard(self, job_id: str) -> None:
        """Cancels a job that has not ended; deletes the models and files that it made. The job itself stays for ever."""
        ...
