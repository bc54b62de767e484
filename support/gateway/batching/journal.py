"""A run's own memory on disk: what was handed over and what is finished, so that a new process goes on where one was killed.

A file of JSON lines. The first one names the format and its version; each line is on the disk before anything follows from
it. A last line that a kill cut short never happened. A file that is none of this is refused, and left as it is.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic_core import to_json

from support.errors import Conflict, InvalidState, TouchstoneError
from support.gateway.batching.checks import invalid
from support.gateway.batching.lines import (
    Finished,
    Line,
    Refused,
    Reopened,
    Submitted,
    Submitting,
    digest,
    item_of,
    line_of,
)
from support.values import BatchItem, BatchRequest, Provider, ProviderBatch

VERSION = 1
FORMAT = "touchstone batch journal"
HEADER = json.dumps({"format": FORMAT, "version": VERSION}).encode() + b"\n"


@dataclass(slots=True)
class _Known:
    request: str
    item: BatchItem
    open: bool = False
    """It is asked again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch that the provider has, as far as the journal knows."""

    provider: Provider
    batch_id: str
    requests: str


class RunJournal:
    """The journal of one run, held by one process at a time; `with` gives it back.

    Raises InvalidState for a file that cannot be read or that a newer version wrote, Conflict where another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.submission: Submission | None = None
        self.unclear_since: datetime | None = None
        """When a batch was handed over of which the provider's answer never came here."""
        self._items: dict[str, _Known] = {}
        self._before: dict[str, int] = {}
        """Attempts of earlier processes for what they had begun to ask again."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        try:
            self._hold()
            self._read()
        except BaseException:
            os.close(self._file)
            raise

    # Of the caller's own runs -----------------------------------------------------------------------------------------

    def for_caller(self) -> None:
        """Refuses the journal of a batch that a provider has: one kind of run never becomes the other."""
        if self.submission is not None or self.unclear_since is not None:
            raise invalid("journal", f"{self.path} is of a batch that a provider has; give this run one of its own")

    def known(self, request: BatchRequest) -> BatchItem | None:
        """The item of a request that is finished. Raises InvalidRequest where its id was another request's."""
        known = self._items.get(request.id)
        if known is None or known.open:
            return None
        if known.request != digest(request):
            raise invalid("journal", f"{self.path} has another request under the id {request.id!r}")
        return known.item

    def finish(self, request: BatchRequest, item: BatchItem) -> BatchItem:
        """Puts an item on the disk; gives it back with the attempts of earlier processes, where those began to ask it again."""
        line = line_of(digest(request), item)
        self._write(line)
        self._learn(line.request, item)
        before = self._before.pop(item.id, 0)
        return item.model_copy(update={"attempts": item.attempts + before}) if before else item

    def reopen(self, ids: Iterable[str]) -> None:
        """Notes that these are asked again, finished or not."""
        line = Reopened(reopened=tuple(ids))
        self._write(line)
        self._open(line.reopened)
        for id in line.reopened:
            self._before.pop(id, None)

    @property
    def items(self) -> tuple[BatchItem, ...]:
        """What is known of each request, every attempt counted; what is asked again is as it was before."""
        return tuple(known.item for known in self._items.values())

    # Of a provider's batch --------------------------------------------------------------------------------------------

    def submitting(self) -> None:
        """Before a batch is handed over."""
        if self._items:
            raise invalid("journal", f"{self.path} is of a run of the caller's; give this batch one of its own")
        now = datetime.now(UTC)
        self._write(Submitting(submitting=now))
        self.unclear_since = now

    def refused(self, error: TouchstoneError) -> None:
        """The provider took nothing: it may be handed over again."""
        self._write(Refused(refused=error.kind))
        self.unclear_since = None

    def submitted(self, batch: ProviderBatch, requests: str) -> None:
        """The provider took it; on the disk when this returns."""
        line = Submitted(submitted=batch.id, provider=batch.provider, requests=requests)
        self._write(line)
        self._learn_submission(line)

    # The file ---------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"another process works with the journal {self.path}; wait for its end") from error

    def _read(self) -> None:
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            content = file.read()
        whole = content.rfind(b"\n") + 1
        if HEADER.startswith(content):
            os.ftruncate(self._file, 0)
            flushed(self._file, HEADER)
            _flush_folder(self.path.parent)
            return
        lines = content[:whole].splitlines()
        self._check_header(lines)
        for number, line in enumerate(lines[1:], 2):
            try:
                self._replay(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise self._unreadable(f"its line {number} is damaged") from error
        for known in self._items.values():
            if known.open:
                self._before[known.item.id] = known.item.attempts
        if whole < len(content):
            os.ftruncate(self._file, whole)

    def _check_header(self, lines: list[bytes]) -> None:
        try:
            header = json.loads(lines[0])
            known, version = header["format"] == FORMAT, int(header["version"])
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise self._unreadable("it is no such journal") from error
        if not known:
            raise self._unreadable("it is no such journal")
        if version != VERSION:
            raise self._unreadable(f"it has version {version}, and this program reads version {VERSION}")

    def _unreadable(self, why: str) -> InvalidState:
        return InvalidState(f"the journal {self.path} cannot be used: {why}; move it away, or name another one")

    def _replay(self, said: Mapping[str, Any]) -> None:
        if "status" in said:
            line = Finished.model_validate(said)
            self._learn(line.request, item_of(line))
        elif "reopened" in said:
            self._open(Reopened.model_validate(said).reopened)
        elif "submitting" in said:
            self.unclear_since = Submitting.model_validate(said).submitting
        elif "refused" in said:
            Refused.model_validate(said)
            self.unclear_since = None
        else:
            self._learn_submission(Submitted.model_validate(said))

    def _learn(self, request: str, item: BatchItem) -> None:
        before = self._items.get(item.id)
        self._items[item.id] = _Known(request, item if before is None else again(before.item, item))

    def _open(self, ids: Iterable[str]) -> None:
        for id in ids:
            if id in self._items:
                self._items[id].open = True

    def _learn_submission(self, line: Submitted) -> None:
        self.submission = Submission(line.provider, line.submitted, line.requests)
        self.unclear_since = None

    def _write(self, line: Line) -> None:
        flushed(self._file, to_json(line, exclude_none=True) + b"\n")


def again(before: BatchItem, item: BatchItem) -> BatchItem:
    """The item of a request that was asked again: the later one, with the attempts of both."""
    return item.model_copy(update={"attempts": before.attempts + item.attempts})


def flushed(file: int, line: bytes) -> None:
    """Writes a line; it outlives this process, and the machine, when this returns."""
    view = memoryview(line)
    while view:
        view = view[os.write(file, view) :]
    os.fsync(file)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
