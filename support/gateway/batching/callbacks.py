"""What a run tells while it goes on: each thing once, the end last, and what a callback breaks is no loss of the run's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.values import BatchItem, BatchProgress

if TYPE_CHECKING:
    from support.gateway.batching.outcome import BatchOutcome


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Plain functions, called as things happen; any may be left out."""

    on_result: Callable[[BatchItem], object] | None = None
    """A request was answered."""
    on_error: Callable[[BatchItem], object] | None = None
    """A request failed, or its time was over; not for what was cancelled or never begun."""
    on_progress: Callable[[BatchProgress], object] | None = None
    """After each request that ended, and with the run's end; never fewer done than before."""
    on_complete: Callable[["BatchOutcome"], object] | None = None
    """All there is to tell was told; not after a cancellation."""


@dataclass(frozen=True, slots=True)
class CallbackFailure:
    """A callback that raised."""

    callback: str
    item_id: str | None
    """Of the request it was called for; None for the run's own."""
    error: Exception


class Calls:
    """Makes the calls of one run."""

    def __init__(self, callbacks: Callbacks) -> None:
        self.failures: list[CallbackFailure] = []
        self._callbacks = callbacks
        self._silent = False

    def silence(self) -> None:
        """From here on nothing is called."""
        self._silent = True

    def ended(self, item: BatchItem) -> None:
        """A request ended: one call for it, however many attempts it took."""
        if item.status == "succeeded":
            self._call("on_result", item, item.id)
        elif item.error is not None:
            self._call("on_error", item, item.id)

    def progress(self, progress: Callable[[], BatchProgress]) -> None:
        """`progress` is asked only where somebody listens."""
        if self._callbacks.on_progress is not None:
            self._call("on_progress", progress(), None)

    def complete(self, outcome: "BatchOutcome") -> None:
        """The last call."""
        self._call("on_complete", outcome, None)
        self.silence()

    def _call(self, name: str, argument: object, item_id: str | None) -> None:
        callback = getattr(self._callbacks, name)
        if callback is None or silent(self._silent):
            return
        failure = failure_of(callback, argument)
        if failure is not None:
            self.failures.append(CallbackFailure(name, item_id, failure))


def silent(cancelled: bool) -> bool:
    """Whether nothing may be called any more."""
    return cancelled


def failure_of(callback: Callable[[Any], object], argument: object) -> Exception | None:
    """Calls it; what it raises is given back instead."""
    try:
        callback(argument)
    except Exception as error:
        return error
    return None
