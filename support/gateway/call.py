"""The choke point: every SDK call passes here, where it is paid for, journalled, repeated where that is safe, and told of."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from support.errors import BadResponse, NotFound, TouchstoneError
from support.gateway.clock import Clock
from support.gateway.events import Account, CallEvent, Listener, heard
from support.gateway.exchanges import CallRecord, Wire, current_call
from support.gateway.markers import Marker
from support.gateway.retry import Repeat, is_unclear, may_repeat, retrying
from support.ledger.budget import Tier
from support.values import Provider, Storage, Usage

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that a billable call can take: tokens in and tokens out."""

    input_tokens: int
    output_tokens: int
    count: Callable[[], Awaitable[int]] | None = None
    """The provider's counting endpoint, asked only when `input_tokens` would cross a cap."""
    kept_for: timedelta | None = None
    """How long the tokens are kept afterwards, where that costs too; the call is settled once that has ended (`Bill`)."""
    kept_tokens: int | None = None
    """How many are kept; None: all that go in."""
    fees_usd: Decimal | None = Decimal(0)
    """The most that it can cost beside its tokens, in dollars; None where no price is known."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The remote resource that a call makes."""

    kind: str
    marker: Marker


@dataclass(frozen=True, slots=True)
class Removal:
    """The remote resource that a call removes."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What a call is, before it is made."""

    provider: Provider
    name: str
    repeat: Repeat
    model: str | None = None
    bound: Bound | None = None
    creates: Creation | None = None
    removes: Removal | None = None
    tier: Tier = "standard"
    """At which of the provider's prices."""


class Held(Protocol):
    """A reservation: money set aside for one call."""


class Purse(Protocol):
    """What the choke point needs of the ledger: one row a call, reserved before, settled after."""

    async def reserve(self, operation: Operation) -> Held:
        """Sets the call's highest cost aside; raises BudgetExceeded or UnknownPrice and then nothing is sent."""
        ...

    def settle(self, held: Held, usage: Usage | None, attempts: int) -> tuple[Decimal | None, bool]:
        """Puts the real cost in the reservation's place; answers the cost in dollars, and whether the model has no price."""
        ...

    def release(self, held: Held, attempts: int) -> None:
        """The provider refused: the call cost nothing."""
        ...

    def keep(self, held: Held, attempts: int) -> None:
        """What the call cost cannot be known, or not yet: the reservation stays and counts as spent."""
        ...

    def settle_late(
        self, held: Held, usage: Usage, fees_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        """As `settle`, for work that ended after its call did; `fees_usd`: for what is not a token, None where unknown."""
        ...

    def settle_sum(
        self, held: Held, usage: Usage, cost_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        """As `settle_late`, for many requests in one call, each with a price of its own; `cost_usd`: None where one has none."""
        ...

    def settle_kept(self, held: Held, usage: Usage, kept: Storage, attempts: int) -> tuple[Decimal | None, bool]:
        """As `settle`, for a call that was kept: its tokens, and their storage."""
        ...


class Register(Protocol):
    """What the choke point needs of the journal of remote resources."""

    def intend(self, provider: Provider, kind: str, marker: str) -> int:
        """Notes that a resource is about to be made; answers the number of the entry."""
        ...

    def confirm(self, entry: int, remote_id: str) -> None: ...

    def refused(self, entry: int) -> None:
        """The provider certainly made nothing."""
        ...

    def removed(self, provider: Provider, kind: str, remote_id: str) -> None: ...


@dataclass(slots=True)
class Bill:
    """A call that goes on costing after its answer: it stays reserved in full until what it pays for has ended.

    Good for one of the three, and for one time: each puts the real cost in the reservation's place, and tells the listeners.
    """

    _settle: Callable[[Storage], None]
    _settle_late: Callable[[Usage, Decimal | None], None]
    _settle_sum: Callable[[Usage, Decimal | None], None]

    def settle(self, kept: Storage) -> None:
        """What the call put in was kept for so long."""
        self._settle(kept)

    def settle_work(self, usage: Usage, fees_usd: Decimal | None = Decimal(0)) -> None:
        """What the call began has ended, and took so many tokens, and so many dollars for what is not a token."""
        self._settle_late(usage, fees_usd)

    def settle_sum(self, usage: Usage, cost_usd: Decimal | None) -> None:
        """The many requests that the call handed over have ended: their tokens, and the sum of their prices."""
        self._settle_sum(usage, cost_usd)


@dataclass(slots=True)
class _Running:
    """One call under way."""

    operation: Operation
    record: CallRecord
    held: Held
    entry: int | None
    started: float
    unclear: bool = False
    """Whether an attempt ended so that it may have taken effect."""


class ChokePoint:
    """Makes the calls of one scenario."""

    def __init__(
        self,
        *,
        account: Account,
        clock: Clock,
        purse: Purse,
        register: Register,
        wire: Wire,
        listeners: Sequence[Listener],
        attempts: int,
    ) -> None:
        self.account = account
        self.clock = clock
        self.wire = wire
        self.file_sizes: dict[str, int] = {}
        """Bytes of the stored files that this scenario saw, by id: what a reference to one can cost at most."""
        self.cache_tokens: dict[str, int] = {}
        """Tokens of the cached contexts that this scenario saw, by id."""
        self._adopted: set[tuple[Provider, str, str]] = set()
        self._purse = purse
        self._register = register
        self._listeners = listeners
        self._attempts = attempts

    async def call(
        self,
        operation: Operation,
        send: Callable[[], Awaitable[R]],
        translate: Callable[[Exception], TouchstoneError],
        *,
        usage_of: Callable[[R], Usage] | None = None,
        id_of: Callable[[R], str] | None = None,
        find: Callable[[], Awaitable[R | None]] | None = None,
        if_gone: Callable[[], R] | None = None,
        billed: Callable[[R, Bill], None] | None = None,
    ) -> R:
        """Makes one call: `send` drives the SDK and reads its answer, `translate` gives its errors the gateway's kind.

        `usage_of` reads the tokens of the answer; `id_of` the id of what was made; `find` looks for what the call's
        marker made, after an end that left it unclear; `if_gone` is the answer of a removal whose first, unclear, attempt
        turns out to have worked; `billed` takes the bill of a call that goes on costing: what it put in is kept
        (`kept_for`), or what it began has not ended. Raises a TouchstoneError, and nothing else that the provider causes.
        """
        running = await self._begin(operation)
        try:
            result = await self._attempts_of(running, send, translate, find)
        except TouchstoneError as error:
            if if_gone is None or not (running.unclear and isinstance(error, NotFound)):
                self._failed(running, error)
                raise
            result = if_gone()
        except BaseException as interruption:
            self._interrupted(running, interruption)
            raise
        usage = usage_of(result) if usage_of else None
        bill = self._bill(running, usage or Usage()) if billed else None
        self._done(running, usage, id_of(result) if id_of else None, bill)
        if billed is not None and bill is not None:
            billed(result, bill)
        return result

    async def stream(
        self,
        operation: Operation,
        send: Callable[[], AsyncIterator[R]],
        translate: Callable[[Exception], TouchstoneError],
        *,
        usage_of: Callable[[R], Usage | None],
        billed: Callable[[Bill], None] | None = None,
    ) -> AsyncIterator[R]:
        """As `call`, for an answer that comes in pieces: repeated only before its first piece, settled after its last.

        `billed` takes the bill of work that may not have ended with its stream.

        A stream that its reader leaves, or that breaks, stays reserved: what it cost is not known, so it counts as spent.
        """
        running = await self._begin(operation)
        usage: Usage | None = None
        try:
            pieces, first = await self._first_piece(running, send, translate)
            piece: R | None = first
            while piece is not None:
                usage = usage_of(piece) or usage
                yield piece
                piece = await self._next_piece(pieces, translate)
        except TouchstoneError as error:
            if running.record.exchanges and running.record.exchanges[-1].status == 200:
                self._purse.keep(running.held, running.record.attempt)
                self._tell(running, None, None, False, error)
            else:
                self._failed(running, error)
            raise
        except BaseException as interruption:
            self._interrupted(running, interruption)
            raise
        bill = self._bill(running, usage or Usage()) if billed else None
        self._done(running, usage, None, bill)
        if billed is not None and bill is not None:
            billed(bill)

    async def _first_piece(
        self,
        running: _Running,
        send: Callable[[], AsyncIterator[R]],
        translate: Callable[[Exception], TouchstoneError],
    ) -> tuple[AsyncIterator[R], R | None]:
        async def opened() -> tuple[AsyncIterator[R], R | None]:
            pieces = send()
            try:
                return pieces, await anext(pieces)
            except StopAsyncIteration:
                return pieces, None

        return await self._attempts_of(running, opened, translate, None)

    @staticmethod
    async def _next_piece(pieces: AsyncIterator[R], translate: Callable[[Exception], TouchstoneError]) -> R | None:
        try:
            return await anext(pieces)
        except StopAsyncIteration:
            return None
        except TouchstoneError:
            raise
        except Exception as error:
            raise translate(error) from error

    async def _begin(self, operation: Operation) -> _Running:
        held = await self._purse.reserve(operation)
        creation = operation.creates
        entry = (
            self._register.intend(operation.provider, creation.kind, str(creation.marker))
            if creation is not None
            else None
        )
        return _Running(operation, CallRecord(self.wire), held, entry, time.monotonic())

    async def _attempts_of(
        self,
        running: _Running,
        send: Callable[[], Awaitable[R]],
        translate: Callable[[Exception], TouchstoneError],
        find: Callable[[], Awaitable[R | None]] | None,
    ) -> R:
        operation = running.operation

        async def once(attempt: int) -> R:
            running.record.attempt = attempt
            if running.unclear and find is not None:
                found = await find()
                if found is not None:
                    return found
            token = current_call.set(running.record)
            try:
                return await send()
            except TouchstoneError as error:
                running.unclear = running.unclear or is_unclear(error)
                raise
            except Exception as error:
                translated = translate(error)
                translated.operation = operation.name
                translated.provider = operation.provider
                translated.sent = len(running.record.exchanges)
                running.unclear = running.unclear or is_unclear(translated)
                raise translated from error
            finally:
                current_call.reset(token)

        try:
            return await once(1)
        except TouchstoneError as error:
            if not may_repeat(error, operation.repeat):
                raise
            first_error = error
        return await retrying(self.clock, self._attempts, operation.repeat, first_error, once)

    def _done(self, running: _Running, usage: Usage | None, remote_id: str | None, bill: Bill | None = None) -> None:
        operation = running.operation
        if running.entry is not None and remote_id is not None:
            self._register.confirm(running.entry, remote_id)
        if operation.removes is not None:
            self._register.removed(operation.provider, operation.removes.kind, operation.removes.id)
        if bill is not None:
            self._purse.keep(running.held, running.record.attempt)
            self._tell(running, usage, None, False, None)
            return
        cost, unpriced = self._purse.settle(running.held, usage, running.record.attempt)
        self._tell(running, usage, cost, unpriced, None)

    def adopt(self, provider: Provider, kind: str, remote_id: str) -> None:
        """Notes a resource that the provider made on its own, so that it is removed as what was asked for is."""
        if (provider, kind, remote_id) not in self._adopted:
            self._adopted.add((provider, kind, remote_id))
            marker = Marker.fresh(self.account.run_id)
            self._register.confirm(self._register.intend(provider, kind, str(marker)), remote_id)

    def _bill(self, running: _Running, usage: Usage) -> Bill:
        def settle_late(spent: Usage, fees_usd: Decimal | None) -> None:
            cost, unpriced = self._purse.settle_late(running.held, spent, fees_usd, running.record.attempt)
            self._tell(running, spent, cost, unpriced, None, late=True)

        def settle_sum(spent: Usage, cost_usd: Decimal | None) -> None:
            cost, unpriced = self._purse.settle_sum(running.held, spent, cost_usd, running.record.attempt)
            self._tell(running, spent, cost, unpriced, None, late=True)

        return Bill(lambda kept: self._settle(running, usage, kept), settle_late, settle_sum)

    def _settle(self, running: _Running, usage: Usage, kept: Storage) -> None:
        cost, unpriced = self._purse.settle_kept(running.held, usage, kept, running.record.attempt)
        self._tell(running, None, cost, unpriced, None, late=True)

    def _failed(self, running: _Running, error: TouchstoneError) -> None:
        operation = running.operation
        if running.unclear or isinstance(error, BadResponse):
            # What was made or spent is not known: the journal keeps the intent and the ledger the reservation.
            self._purse.keep(running.held, running.record.attempt)
            self._tell(running, None, None, False, error)
            return
        if running.entry is not None:
            self._register.refused(running.entry)
        if operation.removes is not None and isinstance(error, NotFound):
            self._register.removed(operation.provider, operation.removes.kind, operation.removes.id)
        self._purse.release(running.held, running.record.attempt)
        self._tell(running, None, None, False, error)

    def _interrupted(self, running: _Running, interruption: BaseException) -> None:
        self._purse.keep(running.held, running.record.attempt)
        error = TouchstoneError(f"the call was interrupted ({type(interruption).__name__}) before its end")
        self._tell(running, None, None, False, error)

    def _tell(
        self,
        running: _Running,
        usage: Usage | None,
        cost: Decimal | None,
        unpriced: bool,
        error: TouchstoneError | None,
        late: bool = False,
    ) -> None:
        event = CallEvent(
            account=self.account,
            provider=running.operation.provider,
            operation=running.operation.name,
            model=running.operation.model,
            seconds=time.monotonic() - running.started,
            attempts=running.record.attempt,
            exchanges=() if late else tuple(running.record.exchanges),
            usage=usage,
            cost_usd=cost,
            unpriced=unpriced,
            error=error,
            late=late,
        )
        for listener in self._listeners:
            listener(event)
        wanted = heard.get()
        if wanted is not None:
            wanted.append(event)
