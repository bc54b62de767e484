"""Many questions asked by the caller: so many in flight at once, one failure nobody else's, every request in the outcome once."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from operator import itemgetter

from support.errors import BudgetExceeded, RequestTimeout, TouchstoneError
from support.gateway.batching import questions
from support.gateway.batching.callbacks import Callbacks, Calls
from support.gateway.batching.checks import check_count, check_id, check_requests, check_span, no_requests
from support.gateway.batching.delivery import Delivery
from support.gateway.batching.journal import RunJournal
from support.gateway.batching.limiters import Limiter
from support.gateway.batching.outcome import FINISHED, BatchOutcome, Ending, finished_only
from support.gateway.batching.questions import Ask, Reply
from support.gateway.batching.worker import Worker, end_all, until_done
from support.gateway.clock import Clock
from support.gateway.retry import own_wait
from support.values import BatchItem, BatchProgress, BatchRequest, BatchStatus

ENDINGS: dict[Ending | None, BatchStatus] = {
    None: "completed",
    "cancelled": "cancelled",
    "deadline": "expired",
    "budget": "failed",
}
"""How a run that ended so stands, in the words for a provider's batch."""


class After(Enum):
    """What an error of one request means for the run."""

    GO_ON = "the request failed, and no other"
    BEGIN_NOTHING = "what is in flight ends, nothing more begins"


class CallerBatch:
    """One run over `requests`, used once: iterate for the items as they come, or await `outcome()`.

    `requests` are finite, and read no further ahead than requests are in flight; while somebody iterates and is slow, nothing
    new begins. A collection is checked whole before anything is sent. Of an iterator, a wrong id ends the run when it is read,
    with InvalidRequest; so does an error of `ask` that is no TouchstoneError. `partial()` has then what was finished.

    `item_timeout`: real time that one attempt may take. `deadline`: for the whole run, on the target's clock, looked at before
    each request and in each wait on it; and on the real one, because a simulated clock stands still while a request is in
    flight. `limiter`: the provider's, shared with other runs; without one, the run's own workers still pause while one of them
    backs off after a rate limit.
    `journal`: what is finished in it is not asked again, and makes no call of `callbacks`.
    """

    def __init__(
        self,
        ask: Ask,
        requests: Iterable[BatchRequest],
        *,
        clock: Clock,
        concurrency: int = 1,
        ordered: bool = True,
        item_timeout: timedelta | None = None,
        deadline: timedelta | None = None,
        limiter: Limiter | None = None,
        callbacks: Callbacks | None = None,
        journal: RunJournal | None = None,
    ) -> None:
        check_count("concurrency", concurrency)
        check_span("item_timeout", item_timeout)
        check_span("deadline", deadline)
        self._total: int | None = None
        if isinstance(requests, Collection):
            check_requests(requests)
            self._total = len(requests)
        if journal is not None:
            journal.for_caller()
        self._ask = ask
        self._source = iter(requests)
        self._clock = clock
        self._concurrency = concurrency
        self._ordered = ordered
        self._item_timeout = item_timeout
        self._deadline = deadline
        self._due: datetime | None = None
        self._limiter = limiter or Limiter(clock)
        self._calls = Calls(callbacks or Callbacks())
        self._journal = journal
        self._delivery: Delivery | None = None
        self._workers: list[Worker] = []
        self._read_ids: set[str] = set()
        self._read = 0
        self._open: dict[int, BatchRequest] = {}
        """What was read and has no item yet, by its place in the order."""
        self._done: list[tuple[int, BatchItem]] = []
        """Places and items, as they ended."""
        self._finished = 0
        self._begun = False
        self._over = asyncio.Event()
        self._stopped: Ending | None = None
        self._reason: TouchstoneError | None = None
        self._fault: BaseException | None = None
        self._outcome: BatchOutcome | None = None

    # What a caller does -----------------------------------------------------------------------------------------------

    async def outcome(self) -> BatchOutcome:
        """Works to the end, or waits for it where somebody iterates."""
        if not self._begun:
            self._begun = True
            await self._run()
        await self._over.wait()
        if self._outcome is None:
            raise self._fault or RuntimeError("the run has no outcome")
        return self._outcome

    async def __aiter__(self) -> AsyncIterator[BatchItem]:
        """The items, in the order of the requests or as they end; leaving early cancels the run."""
        if self._begun:
            raise RuntimeError("a run is used once; make another one")
        self._begun = True
        delivery = self._delivery = Delivery(ordered=self._ordered, most=allowed(self._concurrency))
        run = asyncio.ensure_future(self._run())
        run.add_done_callback(lambda _: delivery.close())
        try:
            async for item in delivery:
                yield item
            await run
        finally:
            if not run.done():
                self.cancel()
                await asyncio.wait({run})
            if not run.cancelled():
                run.exception()  # it was raised above, or its reader has left

    def partial(self) -> tuple[BatchItem, ...]:
        """What is finished so far, in the order of the requests."""
        return finished_only(in_input_order(self._done))

    def cancel(self) -> None:
        """Ends the run now: what is done is kept, what is in flight is left, nothing begins and nothing is called any more."""
        if not self._over.is_set():
            self._calls.silence()
            self._stop("cancelled")

    # The run ----------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        count = allowed(self._concurrency)
        self._workers = [
            Worker(self._limiter, self._wait) for _ in range(min(count, self._total) if self._total else count)
        ]
        tasks: list[asyncio.Task[None]] = []
        timer: asyncio.TimerHandle | None = None
        try:
            if self._deadline is not None:
                seconds = self._deadline.total_seconds()
                self._due = await self._clock.now() + self._deadline
                timer = asyncio.get_running_loop().call_later(seconds, self._stop, "deadline")
            for worker in self._workers:
                worker.task = asyncio.create_task(self._work(worker))
                tasks.append(worker.task)
            await until_done(tasks)
            self._settle()
        except asyncio.CancelledError:
            self.cancel()
            await end_all(tasks)
            self._settle()
            raise
        except BaseException as fault:
            self._fault = fault
            await end_all(tasks)
            raise
        finally:
            if timer is not None:
                timer.cancel()
            self._over.set()

    async def _wait(self, seconds: float) -> None:
        """On the target's clock, before a request is sent again: never past the deadline."""
        if self._due is not None:
            left = (self._due - await self._clock.now()).total_seconds()
            if left < seconds:
                await self._clock.sleep(left)
                self._stop("deadline")  # which calls this worker off, too
        await self._clock.sleep(seconds)

    def _stop(self, ending: Ending) -> None:
        """Begins nothing more; but for a used-up budget, leaves what is in flight."""
        if self._stopped not in (None, "budget"):
            return
        self._stopped = ending
        for worker in self._workers:
            if worker.task is not None and (worker.waits or (worker.asks and ending != "budget")):
                worker.task.cancel()

    async def _work(self, worker: Worker) -> None:
        own_wait.set(worker.back_off)
        try:
            while self._stopped is None:
                if self._delivery is not None:
                    worker.waits = True
                    await self._delivery.room()
                    worker.waits = False
                place = self._next()
                if place is None:
                    return
                if not self._limiter.open or self._due is not None:
                    worker.waits = True
                    await self._limiter.turn(self._due)
                    late = self._due is not None and await self._clock.now() >= self._due
                    worker.waits = False
                    if late:
                        self._stop("deadline")
                if self._stopped is None:
                    await self._one(worker, place)
        except asyncio.CancelledError:
            if self._stopped is None:
                raise

    async def _one(self, worker: Worker, place: int) -> None:
        request = self._open[place]
        worker.begin(place)
        try:
            reply = await self._asked(worker, request)
        except TouchstoneError as error:
            worker.end()
            if after(error) is After.BEGIN_NOTHING:
                self._reason = error
                self._stop("budget")
            else:
                self._end(place, questions.failed(request, error, questions.sent(error, worker.repeats)))
        else:
            worker.end()
            self._end(place, questions.answered(request, reply, worker.repeats + 1))

    async def _asked(self, worker: Worker, request: BatchRequest) -> Reply:
        seconds = time_limit(self._item_timeout)
        if seconds is None:
            return await self._ask(request)
        try:
            async with asyncio.timeout(seconds) as timer:
                worker.times(timer, seconds)
                return await self._ask(request)
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise RequestTimeout(f"no answer within {seconds:g} s", sent=worker.repeats + 1) from error
        finally:
            worker.times(None, 0)

    # Requests and items -----------------------------------------------------------------------------------------------

    def _next(self) -> int | None:
        """The place of the next request that is to be asked; None at the end of them."""
        while (request := next(self._source, None)) is not None:
            place = self._take(request)
            kept = None if self._journal is None else self._journal.known(request)
            if kept is None:
                return place
            self._keep(place, kept)
            self._calls.progress(self._progress)
        if not self._read:
            raise no_requests()
        return None

    def _take(self, request: BatchRequest) -> int:
        if self._total is None:
            check_id(request.id, self._read_ids)
            self._read_ids.add(request.id)
        place = self._read
        self._read += 1
        self._open[place] = request
        return place

    def _end(self, place: int, item: BatchItem) -> None:
        """A request has its item: on disk first, then told of."""
        if self._journal is not None:
            item = self._journal.finish(self._open[place], item)
        self._keep(place, item)
        self._calls.ended(item)
        self._calls.progress(self._progress)

    def _keep(self, place: int, item: BatchItem) -> None:
        del self._open[place]
        self._finished += item.status in FINISHED
        self._done.append((place, item))
        if self._delivery is not None:
            self._delivery.put(place, item)

    def _settle(self) -> None:
        """Gives every request that has none its item, and tells the end."""
        ending = self._stopped
        if ending is not None:
            begun = {worker.place: worker.repeats + 1 for worker in self._workers if worker.asks}
            for request in self._source:
                self._take(request)
            if ending == "deadline" and not self._open:
                ending = None  # it passed with the last answer
            for place, request in sorted(self._open.items(), key=itemgetter(0)):
                item = rest(request, self._stopped, begun.get(place, 0))
                self._keep(place, item)
                self._calls.ended(item)
        outcome = BatchOutcome(in_input_order(self._done), ending, self._reason if ending == "budget" else None)
        self._calls.progress(lambda: self._progress(ENDINGS[ending]))
        self._calls.complete(outcome)
        self._outcome = replace(outcome, callback_failures=tuple(self._calls.failures))

    def _progress(self, status: BatchStatus = "in_progress") -> BatchProgress:
        total = self._read if status != "in_progress" else self._total
        return BatchProgress(status=status, done=self._finished, total=total)


# How a run is done: looked up when it is, one decision each -------------------------------------------------------------


def allowed(concurrency: int) -> int:
    """How many requests may be in flight."""
    return concurrency


def after(error: TouchstoneError) -> After:
    """A used-up budget would refuse everything else too."""
    return After.BEGIN_NOTHING if isinstance(error, BudgetExceeded) else After.GO_ON


def time_limit(item_timeout: timedelta | None) -> float | None:
    """Real seconds that one attempt may take."""
    return None if item_timeout is None else item_timeout.total_seconds()


def in_input_order(done: Sequence[tuple[int, BatchItem]]) -> tuple[BatchItem, ...]:
    """Items by their places."""
    return tuple(item for _, item in sorted(done, key=itemgetter(0)))


def rest(request: BatchRequest, ending: Ending | None, attempts: int) -> BatchItem:
    """The item of a request that the run's end left without one, after so many attempts."""
    if ending == "deadline":
        error = RequestTimeout("the deadline of the whole run passed before the answer", sent=attempts)
        return questions.failed(request, error, attempts)
    return questions.left(request, "cancelled" if attempts else "not_started", attempts)
