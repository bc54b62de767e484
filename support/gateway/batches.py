"""What batches run by a provider mean everywhere: checks and the input file before anything is sent, waiting, results, the bill."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from tempfile import SpooledTemporaryFile

from pydantic_core import from_json, to_json

from support.errors import (
    Conflict,
    Expired,
    JobFailed,
    NotFound,
    TouchstoneError,
    Unsupported,
    WaitTimeout,
)
from support.gateway import batch_checks, batch_input, batch_prices, batch_results
from support.gateway.batch_checks import Ids
from support.gateway.batch_input import Line, Spool
from support.gateway.batch_prices import Tally
from support.gateway.batch_results import Source
from support.gateway.batch_service import BatchEndpoint, BatchService
from support.gateway.call import Bill, Bound, ChokePoint, Creation, Operation, Removal
from support.gateway.chat import tokens_of_files
from support.gateway.failures import naming
from support.gateway.keeper import unrepeated
from support.gateway.markers import Marker, unmark
from support.gateway.polling import until
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.values import (
    BatchItem,
    BatchProgress,
    BatchRequest,
    ChatAnswer,
    Deletion,
    Provider,
    ProviderBatch,
    ProviderBatchPage,
    StoredFile,
)

LONGEST_END = timedelta(hours=1)
"""How long a batch that was cancelled may take to end."""


@dataclass(slots=True)
class Submitted:
    """What this process knows of a batch that it handed over."""

    models: tuple[str, ...]
    ids: bytes
    bill: Bill | None


class BatchKeeper(BatchService):
    """The batches of one provider; a subclass speaks to its SDK and reads its answers."""

    def __init__(self, choke: ChokePoint) -> None:
        super().__init__(choke)
        self._submitted: dict[str, Submitted] = {}
        self._looked_at: set[str] = set()

    # Batches --------------------------------------------------------------------------------------------------------------

    async def submit(
        self,
        requests: Iterable[BatchRequest],
        *,
        endpoint: BatchEndpoint = "chat",
        completion_window: str = "24h",
        preflight: bool = True,
    ) -> ProviderBatch:
        checked = batch_checks.is_checked(preflight)
        self._check_endpoint(endpoint)
        if checked or self.provider is not Provider.OPENAI:
            batch_checks.check_window(self.provider, completion_window)
        marker = Marker.fresh(self._choke.account.run_id)
        with SpooledTemporaryFile(max_size=batch_input.IN_MEMORY) as file:
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
        batch_checks.check_page(self.provider, limit)
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
            cursor = unrepeated(self.provider, following(page), seen)
            if cursor is None:
                return

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
        for request in batch_input.once_through(requests):
            spool.count += 1
            if checked:
                batch_checks.check_id(self.provider, request.id, ids)
                batch_checks.check_number(self.provider, spool.count)
            before = spool.size
            spool.write((between if spool.count > 1 else b"") + batch_input.line_of(self._line(request, endpoint)))
            if checked:
                batch_checks.check_size(self.provider, spool.size)
            if request.model not in spool.models:
                spool.models.append(request.model)
            spool.input_tokens += spool.size - before + tokens_of_files(self._choke, request.messages)
            spool.output_tokens += 0 if endpoint == "embeddings" else max(0, request.max_output_tokens)
            spool.ids += to_json(request.id) + b"\n"
        spool.write(end)
        if not spool.count:
            raise refused(self.provider, "requests", "are none; give one or more")
        if checked or self.provider is Provider.GEMINI:  # there the address names the model: others would be dropped
            batch_checks.check_models(self.provider, spool.models)
        if checked:
            batch_checks.check_size(self.provider, spool.size)

    def _creation(self, spool: Spool, marker: Marker) -> Operation:
        """The dearest of several models stands for all."""
        tier = batch_prices.price_tier()
        bound = Bound(input_tokens=spool.input_tokens, output_tokens=spool.output_tokens)
        return Operation(
            self.provider,
            "batches.create",
            self.repeat,
            model=batch_prices.dearest(self.provider, spool.models, bound, tier),
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
                raise batch_results.unreadable(
                    self.provider, source.name, number, f"{type(error).__name__}: {error}"
                ) from error
            if not seen.add(item.id):
                raise batch_results.unreadable(self.provider, source.name, number, f"a second result of {item.id!r}")
            before = item.id
            yield batch_results.told(item)

    def _item(self, batch: ProviderBatch, line: Line, number: int, before: str | None) -> BatchItem:
        outcome = self._outcome(line, batch)
        own = self._id(line, number)
        if outcome.error is not None:
            outcome.error.provider = self.provider
            outcome.error.operation = "batches.results"
        return BatchItem(
            id=own if outcome.error is None else batch_results.fails(own, before),
            status=outcome.status,
            answer=outcome.answer,
            vector=outcome.vector,
            error=outcome.error,
            usage=outcome.usage,
            cost_usd=batch_prices.cost_of(
                self.provider, self._model(batch, outcome.answer), outcome.status, outcome.usage
            ),
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
                if file_id is not None and file_id not in self._looked_at and await self._adopted(file_id):
                    self._looked_at.add(file_id)
        if batch.ended and batch.status != "completed" and not any(True for _ in self._sources(batch)):
            self._settle(batch.id, Tally())
        return batch

    async def _adopted(self, file_id: str) -> bool:
        """Makes the file the run's, to be removed with all else; False where it could not be told whether it is one."""
        self._choke.adopt(self.provider, "file", file_id)
        return True


def following(page: ProviderBatchPage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor
