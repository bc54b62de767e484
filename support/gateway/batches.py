"""What batches run by a provider mean everywhere: checks and the input file before anything is sent, waiting, results, the bill."""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from typing import Any, ClassVar, Literal, TypeVar, cast

from pydantic_core import from_json, to_json

from support.catalogue.limits import batch_limits
from support.errors import (
    BadResponse,
    Conflict,
    Expired,
    JobFailed,
    LimitExceeded,
    NotFound,
    TouchstoneError,
    Unsupported,
    WaitTimeout,
)
from support.gateway.call import Bill, Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.chat import tokens_of_files
from support.gateway.failures import naming
from support.gateway.files import FileStore
from support.gateway.markers import Marker, unmark
from support.gateway.polling import until
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.ledger.budget import Tier
from support.ledger.prices import price, upper_bound
from support.values import (
    BatchItem,
    BatchProgress,
    BatchRequest,
    ChatAnswer,
    Deletion,
    ItemStatus,
    Provider,
    ProviderBatch,
    ProviderBatchPage,
    StoredFile,
    Usage,
)

R = TypeVar("R")
BatchEndpoint = Literal["chat", "responses", "embeddings"]
Line = Mapping[str, Any]

IN_MEMORY = 1 << 20
"""Bytes of an input that are kept in memory; a longer one is a temporary file."""
AT_ONCE = 1 << 16
"""Bytes of an input that are sent at a time."""
PLACES = 4096
"""Over which the ids of a batch are spread: about 25 of a hundred thousand are in each."""
LONGEST_END = timedelta(hours=1)
"""How long a batch that was cancelled may take to end."""


# What is handed over ----------------------------------------------------------------------------------------------------


class Ids:
    """Ids that were seen, six bytes of each, in the place that two more say: of a hundred thousand they take one megabyte."""

    def __init__(self) -> None:
        self._places: defaultdict[int, bytearray] = defaultdict(bytearray)

    def add(self, id: str) -> bool:
        """Whether it is new."""
        short = blake2b(id.encode(), digest_size=8).digest()
        place, kept = self._places[int.from_bytes(short[:2]) % PLACES], short[2:]
        found = place.find(kept)
        while found > 0 and found % len(kept):  # the end of one and the beginning of the next
            found = place.find(kept, found + 1)
        if found >= 0:
            return False
        place += kept
        return True


@dataclass(slots=True)
class Spool:
    """The input of a batch, written line after line before anything is sent, and what can be said of it."""

    file: SpooledTemporaryFile[bytes]
    count: int = 0
    size: int = 0
    input_tokens: int = 0
    """The most that the requests can take."""
    output_tokens: int = 0
    models: list[str] = field(default_factory=list)
    """Each once, in the order in which they came."""
    ids: bytearray = field(default_factory=bytearray)
    """As lines of JSON."""

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.size += len(data)

    def content(self) -> SpooledTemporaryFile[bytes]:
        """The whole input from its beginning, each time that it is sent."""
        self.file.seek(0)
        return self.file

    async def pieces(self) -> AsyncIterator[bytes]:
        content = self.content()
        while piece := content.read(AT_ONCE):
            yield piece

    def lines(self) -> Iterator[Any]:
        """What was written, for those who need it whole."""
        return (from_json(line) for line in self.content())


@dataclass(slots=True)
class Submitted:
    """What this process knows of a batch that it handed over."""

    models: tuple[str, ...]
    ids: bytes
    bill: Bill | None


# What comes back --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Results in one place: lines with their numbers, from 1; each call reads them anew."""

    name: str
    lines: Callable[[], AsyncIterator[tuple[int, Line]]]
    is_remote: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request, as its line says."""

    status: ItemStatus
    answer: ChatAnswer | None = None
    vector: tuple[float, ...] | None = None
    usage: Usage | None = None
    error: TouchstoneError | None = None


class Tally:
    """Sums of the results that were read."""

    def __init__(self) -> None:
        self._tokens = dict.fromkeys(Usage.model_fields, 0)
        self.cost_usd: Decimal | None = Decimal(0)

    def add(self, item: BatchItem) -> None:
        if item.usage is not None:
            for name in self._tokens:
                self._tokens[name] += getattr(item.usage, name)
        known = self.cost_usd is not None and item.cost_usd is not None
        self.cost_usd = cast(Decimal, self.cost_usd) + cast(Decimal, item.cost_usd) if known else None

    @property
    def usage(self) -> Usage:
        return Usage(**self._tokens)


class BatchKeeper(ABC):
    """The batches of one provider; a subclass speaks to its SDK and reads its answers."""

    provider: ClassVar[Provider]
    endpoints: ClassVar[tuple[BatchEndpoint, ...]]
    kind: ClassVar[str]
    """Under which the journal knows a batch."""
    deletes: ClassVar[bool] = True
    """Whether a batch that has ended can be deleted; OpenAI keeps it, and it costs nothing."""
    repeat: ClassVar[Repeat]
    """Whether a batch that may have been made can be found again."""
    frame: ClassVar[tuple[bytes, bytes, bytes]] = (b"", b"\n", b"\n")
    """What stands before the requests, between two of them, and after them: lines, where the provider takes a file."""

    def __init__(self, choke: ChokePoint) -> None:
        self._choke = choke
        self._submitted: dict[str, Submitted] = {}
        self._looked_at: set[str] = set()

    # What a provider's own module says ------------------------------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def translate(error: Exception) -> TouchstoneError:
        """The provider's error in the gateway's kinds."""

    @abstractmethod
    def _line(self, request: BatchRequest, endpoint: BatchEndpoint) -> Line:
        """A request as it stands in the input."""

    @abstractmethod
    async def _upload(self, spool: Spool) -> str | None:
        """Stores the input as a file, where it does not go along with the creation; answers the file's id."""

    @abstractmethod
    async def _send_create(
        self, spool: Spool, file_id: str | None, marker: Marker, endpoint: BatchEndpoint, window: str
    ) -> ProviderBatch: ...

    @abstractmethod
    async def _send_get(self, batch_id: str) -> ProviderBatch: ...

    @abstractmethod
    async def _send_list(self, limit: int | None, cursor: str | None) -> ProviderBatchPage: ...

    @abstractmethod
    async def _send_cancel(self, batch_id: str) -> ProviderBatch | None:
        """None where the provider answers without the batch."""

    @abstractmethod
    async def _send_delete(self, batch_id: str) -> Deletion: ...

    @abstractmethod
    def _sources(self, batch: ProviderBatch) -> Iterable[Source]:
        """Where the results of a batch that has ended are; nowhere, if nothing is told of its requests."""

    @abstractmethod
    def _id(self, line: Line, number: int) -> str:
        """Whose result a line is."""

    @abstractmethod
    def _outcome(self, line: Line, batch: ProviderBatch) -> Outcome: ...

    @abstractmethod
    def _progress(self, batch: ProviderBatch) -> BatchProgress: ...

    @property
    @abstractmethod
    def _files(self) -> FileStore | None:
        """Where the files of batches are; None where there are none."""

    # What is the same for all ---------------------------------------------------------------------------------------------

    async def submit(
        self,
        requests: Iterable[BatchRequest],
        *,
        endpoint: BatchEndpoint = "chat",
        completion_window: str = "24h",
        preflight: bool = True,
    ) -> ProviderBatch:
        checked = is_checked(preflight)
        self._check_endpoint(endpoint)
        if checked or self.provider is not Provider.OPENAI:
            check_window(self.provider, completion_window)
        marker = Marker.fresh(self._choke.account.run_id)
        with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            spool = Spool(file)
            self._write(spool, requests, endpoint, checked)
            uploaded: list[str | None] = []

            async def send() -> ProviderBatch:
                if not uploaded:  # once, and not before the money is there
                    uploaded.append(await self._upload(spool))
                return await self._send_create(spool, uploaded[0], marker, endpoint, completion_window)

            def begun(batch: ProviderBatch, bill: Bill) -> None:
                self._submitted[batch.id] = Submitted(tuple(spool.models), bytes(spool.ids), bill)

            return await self._call(
                self._creation(spool, marker),
                send,
                id_of=lambda made: made.id,
                find=None if self.repeat is Repeat.IF_REFUSED else lambda: self._made_by(marker),
                billed=begun,
            )

    async def get(self, batch_id: str) -> ProviderBatch:
        batch = await self._call(
            Operation(self.provider, "batches.get", Repeat.ALWAYS), lambda: self._send_get(batch_id), about=batch_id
        )
        return await self._seen(batch)

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> ProviderBatchPage:
        check_page(self.provider, limit)
        return await self._call(
            Operation(self.provider, "batches.list", Repeat.ALWAYS), lambda: self._send_list(limit, cursor)
        )

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[ProviderBatch]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor)
            for batch in page.batches:
                yield batch
            cursor = following(page)
            if cursor is None:
                return
            if cursor in seen:
                raise BadResponse(f"the list comes back to the page after {cursor}", provider=self.provider)
            seen.add(cursor)

    async def wait(
        self,
        batch_id: str,
        *,
        timeout: timedelta = timedelta(hours=25),
        every: timedelta = timedelta(seconds=10),
        on_progress: Callable[[BatchProgress], None] | None = None,
    ) -> ProviderBatch:
        last: ProviderBatch | None = None

        async def look() -> ProviderBatch:
            nonlocal last
            last = await self.get(batch_id)
            if on_progress is not None:
                on_progress(self._progress(last))
            return last

        try:
            return await until(
                look,
                lambda batch: batch.ended,
                clock=self._choke.clock,
                timeout=timeout,
                provider=self.provider,
                what=f"batch {batch_id}",
                every=every,
            )
        except WaitTimeout as late:
            assert last is not None
            said = f"batch {batch_id} was {last.status} after {timeout}; it goes on there"
            raise WaitTimeout(said, provider=self.provider) from late

    async def cancel(self, batch_id: str) -> ProviderBatch:
        batch = await self._call(
            Operation(self.provider, "batches.cancel", Repeat.IF_REFUSED),
            lambda: self._send_cancel(batch_id),
            about=batch_id,
        )
        return await self.get(batch_id) if batch is None else await self._seen(batch)

    async def results(self, batch_id: str) -> AsyncIterator[BatchItem]:
        batch = await self.get(batch_id)
        if not batch.ended:
            said = f"batch {batch_id} is {batch.status}; its results are there once it has ended"
            raise Conflict(said, provider=self.provider, operation="batches.results")
        seen, tally = Ids(), Tally()
        sources = tuple(self._sources(batch))
        for source in sources:
            async with aclosing(self._items(batch, source, seen)) as items:
                async for item in items:
                    tally.add(item)
                    yield item
        if not sources:
            for item in self._untold(batch):
                yield item
        self._settle(batch_id, tally)

    async def delete(self, batch_id: str) -> Deletion:
        return await self._call(
            Operation(self.provider, "batches.delete", Repeat.ALWAYS, removes=Removal(self.kind, batch_id)),
            lambda: self._send_delete(batch_id),
            about=batch_id,
            if_gone=lambda: Deletion(provider=self.provider, id=batch_id),
        )

    async def discard(self, batch_id: str) -> None:
        """Ends a batch that runs, and removes it and the files that its end left. Raises NotFound for one that is not there."""
        batch = await self.get(batch_id)
        if not batch.ended:
            with suppress(Conflict):  # it may have ended meanwhile
                await self.cancel(batch_id)
            batch = await self.wait(batch_id, timeout=LONGEST_END)
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id is not None and self._files is not None:
                with suppress(NotFound):
                    await self._files.delete(file_id)
        if self.deletes:
            await self.delete(batch_id)

    # Handing over ---------------------------------------------------------------------------------------------------------

    def _check_endpoint(self, endpoint: BatchEndpoint) -> None:
        if endpoint not in self.endpoints:
            said = f"{self.provider} has no batches for {endpoint}; it has them for {', '.join(self.endpoints)}"
            raise Unsupported(said, provider=self.provider, param="endpoint")

    def _write(self, spool: Spool, requests: Iterable[BatchRequest], endpoint: BatchEndpoint, checked: bool) -> None:
        """Reads the requests, and writes them as they are to be sent; nothing was sent before."""
        ids = Ids()
        beginning, between, end = self.frame
        spool.write(beginning)
        for request in once_through(requests):
            spool.count += 1
            if checked:
                check_id(self.provider, request.id, ids)
                check_number(self.provider, spool.count)
            before = spool.size
            spool.write((between if spool.count > 1 else b"") + line_of(self._line(request, endpoint)))
            if checked:
                check_size(self.provider, spool.size)
            if request.model not in spool.models:
                spool.models.append(request.model)
            spool.input_tokens += spool.size - before + tokens_of_files(self._choke, request.messages)
            spool.output_tokens += 0 if endpoint == "embeddings" else max(0, request.max_output_tokens)
            spool.ids += to_json(request.id) + b"\n"
        spool.write(end)
        if not spool.count:
            raise refused(self.provider, "requests", "are none; give one or more")
        if checked or self.provider is Provider.GEMINI:  # there the address names the model: others would be dropped
            check_models(self.provider, spool.models)
        if checked:
            check_size(self.provider, spool.size)

    def _creation(self, spool: Spool, marker: Marker) -> Operation:
        """The dearest of several models stands for all."""
        tier = price_tier()
        bound = Bound(input_tokens=spool.input_tokens, output_tokens=spool.output_tokens)
        return Operation(
            self.provider,
            "batches.create",
            self.repeat,
            model=dearest(self.provider, spool.models, bound, tier),
            bound=bound,
            creates=Creation(self.kind, marker),
            tier=tier,
        )

    async def _stored(self, sent: Callable[[str], Awaitable[StoredFile]]) -> str:
        """Stores the input as a file of the run's; `sent` uploads it under a name."""
        files = self._files
        assert files is not None
        marker = Marker.fresh(self._choke.account.run_id)

        async def made() -> StoredFile | None:
            async for file in files.list():
                if file.sent_name.startswith(str(marker)):
                    return file
            return None

        file = await self._call(
            Operation(self.provider, "files.upload", Repeat.IF_ABSENT, creates=Creation("file", marker)),
            lambda: sent(f"{marker}batch.jsonl"),
            id_of=lambda stored: stored.id,
            find=made,
        )
        self._choke.file_sizes[file.id] = file.size_bytes
        return file.id

    async def _made_by(self, marker: Marker) -> ProviderBatch | None:
        async for batch in self.list():
            if batch.marked.startswith(str(marker)):
                return batch
        return None

    # Taking back ----------------------------------------------------------------------------------------------------------

    async def _items(self, batch: ProviderBatch, source: Source, seen: Ids) -> AsyncGenerator[BatchItem, None]:
        opened: list[AsyncGenerator[BatchItem, None]] = []

        def read() -> AsyncIterator[BatchItem]:
            opened.append(self._read(batch, source, seen))
            return opened[-1]

        try:
            if source.is_remote:
                operation = Operation(self.provider, "batches.results", Repeat.ALWAYS)
                items = self._choke.stream(
                    operation,
                    read,
                    lambda error: naming(self.translate(error), source.name),
                    usage_of=lambda item: None,
                )
            else:
                items = read()
            async for item in items:
                yield item
        finally:
            for reading in opened:
                await reading.aclose()

    async def _read(self, batch: ProviderBatch, source: Source, seen: Ids) -> AsyncGenerator[BatchItem, None]:
        before: str | None = None
        async for number, line in source.lines():
            try:
                item = self._item(batch, line, number, before)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise unreadable(self.provider, source.name, number, f"{type(error).__name__}: {error}") from error
            if not seen.add(item.id):
                raise unreadable(self.provider, source.name, number, f"a second result of {item.id!r}")
            before = item.id
            yield told(item)

    def _item(self, batch: ProviderBatch, line: Line, number: int, before: str | None) -> BatchItem:
        outcome = self._outcome(line, batch)
        own = self._id(line, number)
        if outcome.error is not None:
            outcome.error.provider = self.provider
            outcome.error.operation = "batches.results"
        return BatchItem(
            id=own if outcome.error is None else fails(own, before),
            status=outcome.status,
            answer=outcome.answer,
            vector=outcome.vector,
            error=outcome.error,
            usage=outcome.usage,
            cost_usd=cost_of(self.provider, self._model(batch, outcome.answer), outcome.status, outcome.usage),
            kind="provider",
        )

    def _model(self, batch: ProviderBatch, answer: ChatAnswer | None) -> str | None:
        """The model that a result is priced as: the one that was asked for, where there is no doubt which."""
        known = self._submitted.get(batch.id)
        if known is not None and len(known.models) == 1:
            return known.models[0]
        return answer.model if answer is not None and answer.model else batch.model

    def _untold(self, batch: ProviderBatch) -> Iterator[BatchItem]:
        """The requests of a batch that ended without a word on any: known to the process that handed them over."""
        known = self._submitted.get(batch.id)
        status = batch.status
        if known is None or status not in ("failed", "cancelled", "expired"):
            return
        said = "; ".join(fault.message for fault in batch.faults) or f"the batch ended as {status}"
        kinds: Mapping[str, type[TouchstoneError]] = {"failed": JobFailed, "expired": Expired}
        for line in known.ids.splitlines():
            error = kinds[status](said, provider=self.provider) if status in kinds else None
            yield BatchItem(id=from_json(line), status=status, error=error, cost_usd=Decimal(0), kind="provider")

    def _settle(self, batch_id: str, tally: Tally) -> None:
        known = self._submitted.get(batch_id)
        if known is not None and known.bill is not None:
            bill, known.bill = known.bill, None
            bill.settle_sum(tally.usage, tally.cost_usd)

    async def _seen(self, batch: ProviderBatch) -> ProviderBatch:
        """What follows from a look: files that the batch left are the run's, if the batch is; nothing done costs nothing."""
        marker, _ = unmark(batch.marked)
        if marker is not None and marker.run_id == self._choke.account.run_id:
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id is not None and file_id not in self._looked_at:
                    self._looked_at.add(file_id)
                    await self._adopt(file_id)
        if batch.ended and batch.status != "completed" and not any(True for _ in self._sources(batch)):
            self._settle(batch.id, Tally())
        return batch

    async def _adopt(self, file_id: str) -> None:
        self._choke.adopt(self.provider, "file", file_id)

    async def _call(
        self,
        operation: Operation,
        send: Callable[[], Awaitable[R]],
        *,
        about: str | None = None,
        id_of: Callable[[R], str] | None = None,
        find: Callable[[], Awaitable[R | None]] | None = None,
        if_gone: Callable[[], R] | None = None,
        billed: Callable[[R, Bill], None] | None = None,
    ) -> R:
        def translated(error: Exception) -> TouchstoneError:
            return naming(self.translate(error), about)

        return await self._choke.call(
            operation, send, translated, id_of=id_of, find=find, if_gone=if_gone, billed=billed
        )


# Reading lines ----------------------------------------------------------------------------------------------------------


async def parsed(provider: Provider, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, Line]]:
    """The lines of a file of results as they arrive, with their numbers; raises BadResponse for one that cannot be read."""
    async for number, line in lines_of(chunks):
        try:
            content = from_json(line)
        except ValueError as error:
            raise unreadable(provider, name, number, str(error)) from error
        if not isinstance(content, dict):
            raise unreadable(provider, name, number, "it is no object")
        yield number, content


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Each line that is not blank, as soon as its end is there."""
    number = 0
    begun: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        for other in others:
            number += 1
            line = b"".join(begun)
            begun = [other]
            if line.strip():
                yield number, line
    rest = last_line(b"".join(begun))
    if rest.strip():
        yield number + 1, rest


def last_line(rest: bytes) -> bytes:
    """What stands after the last end of a line: it counts."""
    return rest


def unreadable(provider: Provider, name: str, number: int, why: str) -> BadResponse:
    return BadResponse(f"line {number} of {name} cannot be read: {why}", provider=provider, operation="batches.results")


def told(item: BatchItem) -> BatchItem:
    """One result as it is given to the caller: an error is a result too."""
    return item


def fails(own: str, before: str | None) -> str:
    """The request that an error goes to: its own, whatever came before."""
    return own


def following(page: ProviderBatchPage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


# Prices -----------------------------------------------------------------------------------------------------------------


def price_tier() -> Tier:
    """Batches have prices of their own: half of the others (provider-facts 7)."""
    return "batch"


def cost_of(provider: Provider, model: str | None, status: ItemStatus, usage: Usage | None) -> Decimal | None:
    """What one request of a batch costs: nothing, if it did not succeed; None where no price, or no usage, is known."""
    if status != "succeeded":
        return Decimal(0)
    return None if model is None or usage is None else price(provider, model, usage, price_tier())


def dearest(provider: Provider, models: Iterable[str], bound: Bound, tier: Tier) -> str:
    """The model whose price for all requests is the highest; one without a price before all."""

    def highest(model: str) -> Decimal:
        cost = upper_bound(provider, model, bound.input_tokens, bound.output_tokens, tier)
        return Decimal("Infinity") if cost is None else cost

    return max(models, key=highest)


# Checks before anything is sent -----------------------------------------------------------------------------------------


def once_through(requests: Iterable[BatchRequest]) -> Iterable[BatchRequest]:
    """The caller's requests, one after the other."""
    return requests


def line_of(request: Line) -> bytes:
    """A request as one line of JSON."""
    return to_json(request, bytes_mode="base64")


def is_checked(preflight: bool) -> bool:
    """Whether limits are looked at before anything is sent."""
    return preflight


def exceeds(number: int, most: int | None) -> bool:
    """Exactly the limit is allowed."""
    return most is not None and number > most


def check_window(provider: Provider, window: str) -> None:
    own = f"{batch_limits(provider).window_hours}h"
    if window != own:
        raise refused(provider, "completion_window", f"must be {own}, not {window}")


def check_number(provider: Provider, count: int) -> None:
    most = batch_limits(provider).max_requests
    if exceeds(count, most):
        said = f"requests: there are {count:,} or more; {provider} takes at most {most:,} in one batch"
        raise LimitExceeded(said, provider=provider, param="requests")


def check_size(provider: Provider, size: int) -> None:
    most = batch_limits(provider).max_bytes
    if exceeds(size, most):
        said = f"requests: they have {size:,} bytes or more; {provider} takes at most {most:,} in one batch"
        raise LimitExceeded(said, provider=provider, param="requests")


def check_id(provider: Provider, id: str, seen: Ids) -> None:
    limits = batch_limits(provider)
    most = limits.max_id_characters
    if not id:
        raise refused(provider, "id", "is empty; results are matched by it")
    if most is not None and len(id) > most:
        raise refused(provider, "id", f"{id[:20]!r}… has {len(id)} characters; {most} are allowed")
    if limits.id_pattern is not None and not re.fullmatch(limits.id_pattern, id):
        raise refused(provider, "id", f"{id!r} does not match {limits.id_pattern}")
    if not seen.add(id):
        raise refused(provider, "id", f"{id!r} is the id of two requests; it must be unique in its batch")


def check_models(provider: Provider, models: Iterable[str]) -> None:
    named = list(models)
    if batch_limits(provider).one_model and len(named) > 1:
        raise refused(provider, "model", f"one batch takes one model, not {', '.join(named)}")


def check_page(provider: Provider, limit: int | None) -> None:
    most = batch_limits(provider).max_page
    if limit is not None and not 1 <= limit <= most:
        raise refused(provider, "limit", f"must be 1 to {most}, not {limit}")
