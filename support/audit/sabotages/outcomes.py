"""Sabotages of what comes of many questions: sums and summaries, listeners, going on where a run stopped, comparisons."""

from typing import Any

from support.audit.sabotages.asking_many import empty_answer
from support.audit.sabotages.places import gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.values import BatchItem, BatchProgress, BatchRequest, Provider, Usage


def _many(name: str) -> Any:
    """A module of the caller's engine."""
    return gateway(f"batching.{name}")


def _run() -> Any:
    return _many("engine").CallerBatch


# What came of it ------------------------------------------------------------------------------------------------------


def _cost_not_summed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def total_cost(items: Any) -> Any:
            if original(items) != original(items[-1:]):
                fired()
            return original(items[-1:])

        return total_cost

    return [Patch(_many("outcome"), "total_cost", make)]


def _only_first_kept() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def errors_of(items: Any) -> Any:
            errors = original(items)
            if len(errors) > 1:
                fired()
            return errors[:1]

        return errors_of

    return [Patch(_many("outcome"), "errors_of", make)]


def _retries_counted() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def errors_of(items: Any) -> Any:
            errors = original(items)
            if any(error.attempts > 1 for error in errors):
                fired()
            return tuple(error for error in errors for _ in range(max(1, error.attempts)))

        return errors_of

    return [Patch(_many("outcome"), "errors_of", make)]


def _success_rate_wrong() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def success_rate(items: Any) -> float:
            attempts = sum(item.attempts for item in items)
            wrong = sum(item.status == "succeeded" for item in items) / attempts if attempts else 0.0
            if wrong != original(items):
                fired()
            return wrong

        return success_rate

    return [Patch(_many("outcome"), "success_rate", make)]


def _pads_with_empty() -> list[Patch]:
    def padded(item: BatchItem, provider: Provider, model: str) -> BatchItem:
        return item.model_copy(
            update={"status": "succeeded", "answer": empty_answer(provider, model), "usage": Usage()}
        )

    def resting(original: Any, fired: Fired) -> Any:
        def rest(request: BatchRequest, *given: Any) -> BatchItem:
            fired()
            return padded(original(request, *given), Provider.OPENAI, request.model)

        return rest

    def telling(original: Any, fired: Fired) -> Any:
        def told(item: BatchItem) -> BatchItem:
            right: BatchItem = original(item)
            if right.status not in ("cancelled", "not_started"):
                return right
            fired()
            return padded(right, Provider.OPENAI, "none")

        return told

    return [Patch(_many("engine"), "rest", resting), Patch(gateway("batch_results"), "told", telling)]


def _count_wrong() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def unfinished(self: Any) -> Any:
            right = original.fget(self)
            if right:
                fired()
            return right[:-1]

        return property(unfinished)

    return [Patch(_many("outcome").BatchOutcome, "unfinished", make)]


def _dropped_on_cancel() -> list[Patch]:
    def reading(original: Any, fired: Fired) -> Any:
        async def results(self: Any, batch_id: str) -> Any:
            if (await self.get(batch_id)).status == "cancelled":
                fired()
                return
            async for item in original(self, batch_id):
                yield item

        return results

    def settling(original: Any, fired: Fired) -> Any:
        def settle(self: Any) -> None:
            if self._stopped == "cancelled" and self._done:
                fired()
                self._done.clear()
            original(self)

        return settle

    return [Patch(gateway("batches").BatchKeeper, "results", reading), Patch(_run(), "_settle", settling)]


# Listening ------------------------------------------------------------------------------------------------------------


def _twice_on_retry() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def ended(self: Any, item: BatchItem) -> None:
            if item.attempts > 1:
                fired()
            for _ in range(max(1, item.attempts)):
                original(self, item)

        return ended

    return [Patch(_many("callbacks").Calls, "ended", make)]


def _exception_kills_run() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def failure_of(callback: Any, argument: object) -> None:
            try:
                callback(argument)
            except Exception:
                fired()
                raise

        return failure_of

    return [Patch(_many("callbacks"), "failure_of", make)]


def _complete_before_last() -> list[Patch]:
    """Each result is told of with the next one, and the last one after the end."""

    def ending(original: Any, fired: Fired) -> Any:
        def ended(self: Any, item: BatchItem) -> None:
            if self.__dict__.get("held") is not None:
                original(self, self.held)
            self.held = item

        return ended

    def completing(original: Any, fired: Fired) -> Any:
        def complete(self: Any, outcome: Any) -> None:
            self._call("on_complete", outcome, None)
            if self.__dict__.get("held") is not None:
                fired()
                self._call("on_result", self.held, self.held.id)
            self.silence()

        return complete

    calls = _many("callbacks").Calls
    return [Patch(calls, "ended", ending), Patch(calls, "complete", completing)]


def _after_cancel() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def silent(cancelled: bool) -> bool:
            if original(cancelled):
                fired()
            return False

        return silent

    return [Patch(_many("callbacks"), "silent", make)]


# Going on -------------------------------------------------------------------------------------------------------------


def _resends_all() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def sends_again(item: BatchItem, **more: Any) -> bool:
            if not original(item, **more):
                fired()
            return True

        return sends_again

    return [Patch(_many("resuming"), "sends_again", make)]


def _retries_invalid() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def sends_again(item: BatchItem, **more: Any) -> bool:
            right = bool(original(item, **more))
            if not right and _many("resuming").kind_of(item.error) == "invalid_request":
                fired()
                return True
            return right

        return sends_again

    return [Patch(_many("resuming"), "sends_again", make)]


def _resume_duplicates() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def merged(before: Any, after: Any) -> tuple[BatchItem, ...]:
            both = (*before, *after)
            if len({item.id for item in both}) < len(both):
                fired()
            return both

        return merged

    return [Patch(_many("resuming"), "merged", make)]


def _journal_not_flushed() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def submitted(self: Any, batch: Any, requests: str) -> None:
            fired()
            line = _many("lines").Submitted(submitted=batch.id, provider=batch.provider, requests=requests)
            self._learn_submission(line)

        return submitted

    return [Patch(_many("journal").RunJournal, "submitted", make)]


# Comparing ------------------------------------------------------------------------------------------------------------


def _counts_failures() -> list[Patch]:
    def counting(original: Any, fired: Fired) -> Any:
        def counted(outcome: Any) -> int:
            if original(outcome) != len(outcome.items):
                fired()
            return len(outcome.items)

        return counted

    def measuring(original: Any, fired: Fired) -> Any:
        def figures(outcome: Any, seconds: Any, wall: float) -> Any:
            return original(outcome, seconds or [wall], wall)

        return figures

    benchmark = _many("benchmark")
    return [Patch(benchmark, "counted", counting), Patch(benchmark, "figures", measuring)]


def _whole_before_done() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def fraction(self: BatchProgress) -> float | None:
            right: float | None = original.fget(self)
            if right is None or self.done != self.total or right == 1:
                return right
            fired()
            return 1.0

        return property(fraction)

    return [Patch(BatchProgress, "fraction", make)]


OPENAI = (Provider.OPENAI,)

OUTCOMES = (
    Sabotage("batch.cost_not_summed", "A batch costs what its last request did.", ALL, _cost_not_summed),
    Sabotage("batch.100_before_done", "Progress is whole while a batch is finalized.", OPENAI, _whole_before_done),
    Sabotage("batch.resume_resends_all", "What has its answer is asked again.", ALL, _resends_all),
    Sabotage("batch.resume_duplicates", "What was asked again is there twice.", ALL, _resume_duplicates),
    Sabotage("batch.journal_not_flushed", "The id of a batch is not written down.", ALL, _journal_not_flushed),
    Sabotage("batch.resume_retries_invalid", "What is wrong is asked again as it was.", ALL, _retries_invalid),
    Sabotage("errors.only_first_kept", "The summary has the first error alone.", ALL, _only_first_kept),
    Sabotage("errors.retries_counted_as_errors", "Every attempt counts as an error.", ALL, _retries_counted),
    Sabotage("errors.success_rate_wrong", "The rate is that of the attempts.", ALL, _success_rate_wrong),
    Sabotage("partial.dropped_on_cancel", "Nothing is left of what was cancelled.", ALL, _dropped_on_cancel),
    Sabotage("partial.pads_with_empty", "What was never begun has an empty answer.", ALL, _pads_with_empty),
    Sabotage("partial.count_wrong", "One of the unfinished is not counted.", ALL, _count_wrong),
    Sabotage("callbacks.twice_on_retry", "A result is told of once for each attempt.", ALL, _twice_on_retry),
    Sabotage("callbacks.exception_kills_run", "A broken listener ends the run.", ALL, _exception_kills_run),
    Sabotage(
        "callbacks.complete_before_last", "The end is told of before the last result.", ALL, _complete_before_last
    ),
    Sabotage("callbacks.after_cancel", "Listeners are called after the cancellation.", ALL, _after_cancel),
    Sabotage("bench.counts_failures", "What failed counts as done.", ALL, _counts_failures),
)
